import { writeFile } from "node:fs/promises";
import { busyboxRootfs } from "@davit/testkit";
import { beforeAll, describe, expect, test } from "vitest";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();

beforeAll(async () => {
  await davitd.engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
  await davitd.engine.ok(["run", "-d", "--name", "box", "--network", "none", "busybox", "sleep", "600"]);
});

const exec = (...args: readonly string[]) => davitd.engine.docker(["exec", ...args]);

async function createExec(body: Readonly<Record<string, unknown>>): Promise<string> {
  const { body: text } = await davitd.engine.request("POST", "/v1.41/containers/box/exec", { body });
  const [, id = ""] = /"Id":"([0-9a-f]{64})"/.exec(text) ?? [];
  return id;
}

const inspected = async (id: string): Promise<unknown> =>
  JSON.parse((await davitd.engine.request("GET", `/v1.41/exec/${id}/json`)).body);

describe("exec", () => {
  test("passes output, errors and the exit code", async () => {
    expect(await exec("box", "sh", "-c", "echo out; echo err >&2; exit 7")).toEqual({
      stdout: "out\n",
      stderr: "err\n",
      exitCode: 7,
    });
  });

  test("passes input to its end", async () => {
    const input = "x".repeat(300_000);
    const { stdout } = await davitd.engine.docker(["exec", "-i", "box", "wc", "-c"], { input });
    expect(stdout).toBe("300000\n");
  });

  test("takes user, environment and directory", async () => {
    const script = "echo $(id -u):$(id -g) $A $PWD";
    const { stdout } = await exec("-u", "5:6", "-e", "A=b", "-w", "/tmp", "box", "sh", "-c", script);
    expect(stdout).toBe("5:6 b /tmp\n");
  });

  test("has every capability when privileged", async () => {
    const capabilities = ["sh", "-c", "grep CapEff /proc/self/status"];
    const plain = await exec("box", ...capabilities);
    const privileged = await exec("--privileged", "box", ...capabilities);
    expect(plain.stdout).not.toBe(privileged.stdout);
  });

  test.each([
    ["nosuch", 127, "executable file not found in $PATH"],
    ["/etc", 126, "permission denied"],
  ])("that cannot run %s answers %i", async (program, exitCode, reason) => {
    const result = await exec("box", program);
    expect(result.exitCode).toBe(exitCode);
    expect(result.stdout + result.stderr).toContain(reason);
  });

  test("is seen in inspect, and runs once", async () => {
    const id = await createExec({ Cmd: ["sh", "-c", "exit 4"], AttachStdout: true });
    expect(await inspected(id)).toMatchObject({ Running: false, ExitCode: null, Pid: 0 });
    const started = await davitd.engine.request("POST", `/v1.41/exec/${id}/start`, { body: {} });
    expect(started.status).toBe(200);
    expect(await inspected(id)).toMatchObject({
      Running: false,
      ExitCode: 4,
      ProcessConfig: { entrypoint: "sh", arguments: ["-c", "exit 4"] },
    });
    const again = await davitd.engine.request("POST", `/v1.41/exec/${id}/start`, { body: { Detach: true } });
    expect(again.status).toBe(409);
    expect(again.body).toContain(`Error: Exec command ${id} has already run`);
  });

  test("publishes its creation, start and end", async () => {
    await exec("box", "sh", "-c", "exit 3");
    const until = String(Math.ceil(Date.now() / 1000));
    const format = "{{.Action}} {{.Actor.Attributes.exitCode}}";
    const events = await davitd.engine.ok(["events", "--since", "0", "--until", until, "--format", format]);
    expect(events).toContain("exec_create: sh -c exit 3 ");
    expect(events).toContain("exec_start: sh -c exit 3 ");
    expect(events).toContain("exec_die 3");
  });

  test.each([
    ["POST", "/exec/nosuch/start", { Detach: true }, 404, "No such exec instance: nosuch"],
    ["GET", "/exec/nosuch/json", undefined, 404, "No such exec instance: nosuch"],
    ["POST", "/containers/box/exec", { Cmd: [] }, 400, "No exec command specified"],
    ["POST", "/containers/nosuch/exec", { Cmd: ["x"] }, 404, "No such container: nosuch"],
    ["POST", "/containers/box/exec", { Cmd: ["x"], DetachKeys: "foo" }, 400, "Invalid detach keys (foo)"],
  ] as const)("%s %s is refused", async (method, path, body, status, message) => {
    const answer = await davitd.engine.request(method, path, { body });
    expect(answer.status).toBe(status);
    expect(answer.body).toContain(message);
  });

  test("is refused in a container that does not run", async () => {
    const id = await davitd.engine.ok(["create", "--network", "none", "--name", "idle", "busybox", "true"]);
    const { stderr } = await exec("idle", "true");
    expect(stderr).toBe(`Error response from daemon: Container ${id} is not running\n`);
  });

  test("does not read the host's users through a link of the container's", async () => {
    const passwd = davitd.dir.join("passwd");
    await writeFile(passwd, "intruder:x:7:7::/:/bin/sh\n");
    await exec("box", "ln", "-sf", `${"../".repeat(20)}${passwd}`, "/etc/passwd");
    const { exitCode, stdout, stderr } = await exec("-u", "intruder", "box", "id");
    expect(exitCode).toBe(126);
    expect(stdout + stderr).toContain("unable to find user intruder");
  });
});
