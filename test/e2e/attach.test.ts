import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { busyboxRootfs } from "@davit/testkit";
import { beforeAll, describe, expect, test } from "vitest";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();

beforeAll(async () => {
  await davitd.engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
});

/** A terminal at the other end of a container's streams. */
class Terminal implements AsyncDisposable {
  readonly #socket: Socket;
  #text = "";

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#text += chunk.toString("latin1");
    });
  }

  static open(container: string, query = ""): Promise<Terminal> {
    return Terminal.#open(`/v1.41/containers/${container}/attach?stdin=1&stdout=1&stderr=1&stream=1${query}`);
  }

  /** Starts a program that was made to be run in a container. */
  static exec(id: string): Promise<Terminal> {
    return Terminal.#open(`/v1.41/exec/${id}/start`, JSON.stringify({ Tty: true }));
  }

  static async #open(path: string, body = ""): Promise<Terminal> {
    const socket = connect({ path: davitd.engine.socket, allowHalfOpen: true });
    const terminal = new Terminal(socket);
    const type = `Content-Type: application/json\r\nContent-Length: ${String(body.length)}`;
    const upgrade = "Connection: Upgrade\r\nUpgrade: tcp";
    socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\n${upgrade}\r\n${type}\r\n\r\n${body}`);
    await terminal.see("\r\n\r\n");
    return terminal;
  }

  /** Waits until the text has come; what came before it is passed over. */
  async see(text: string): Promise<void> {
    const signal = AbortSignal.timeout(10_000);
    while (!this.#text.includes(text)) {
      if (this.#socket.readableEnded) throw new Error(`ended after ${JSON.stringify(this.#text)}`);
      await Promise.race([once(this.#socket, "data", { signal }), once(this.#socket, "end", { signal })]);
    }
    this.#text = this.#text.slice(this.#text.indexOf(text) + text.length);
  }

  type(text: string): void {
    this.#socket.write(text, "latin1");
  }

  async ended(): Promise<void> {
    if (!this.#socket.readableEnded) await once(this.#socket, "end", { signal: AbortSignal.timeout(10_000) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    await once(this.#socket, "close");
  }
}

const shell = (name: string) =>
  davitd.engine.ok(["run", "-dit", "--name", name, "--network", "none", "busybox", "sh"]);
const isRunning = (name: string) => davitd.engine.ok(["inspect", "--format", "{{.State.Running}}", name]);

describe("attach", () => {
  test("detaches by ctrl-p ctrl-q, and another client finds the shell as it was", async () => {
    await shell("left");
    {
      await using first = await Terminal.open("left");
      first.type("A=kept; echo o$((1+1))e\n");
      await first.see("o2e");
      first.type("\u0010\u0011");
      await first.ended();
    }
    expect(await isRunning("left")).toBe("true");
    await using second = await Terminal.open("left");
    second.type("echo $A-$((2+2))\n");
    await second.see("kept-4");
    second.type("exit 3\n");
    await second.ended();
    expect(await davitd.engine.ok(["wait", "left"])).toBe("3");
  });

  test("takes other keys, across packets, and passes what only begins like them", async () => {
    await shell("keys");
    await using terminal = await Terminal.open("keys", "&detachKeys=x,y");
    terminal.type("echo x");
    terminal.type("z$((3+3))\n");
    await terminal.see("xz6");
    terminal.type("x");
    terminal.type("y");
    await terminal.ended();
    expect(await isRunning("keys")).toBe("true");
  });

  test("refuses keys that are none, and a paused container", async () => {
    await davitd.engine.ok(["pause", "keys"]);
    const path = "/v1.41/containers/keys/attach?stream=1&stdout=1";
    const odd = await davitd.engine.request("POST", `${path}&detachKeys=foo`);
    expect(odd).toMatchObject({ status: 400, body: "Invalid detach keys (foo) provided\r\n" });
    const paused = await davitd.engine.request("POST", path);
    expect(paused.status).toBe(409);
    expect(paused.body).toContain("is paused, unpause the container before attach");
  });
});

test("terminals have the size that they are told, a container's and those of programs in it", async () => {
  await shell("sized");
  await using own = await Terminal.open("sized");
  const resized = await davitd.engine.request("POST", "/containers/sized/resize?h=33&w=99");
  expect(resized.status).toBe(200);
  own.type("stty size\n");
  await own.see("33 99");
  const id = await execOf("sized", {});
  await using other = await Terminal.exec(id);
  expect((await davitd.engine.request("POST", `/exec/${id}/resize?h=22&w=88`)).status).toBeLessThan(300);
  other.type("stty size\n");
  await other.see("22 88");
  own.type("stty size\n");
  await own.see("33 99");
  expect((await davitd.engine.request("POST", "/containers/sized/resize?h=x&w=1")).status).toBe(400);
});

test("a program that was run in a container is left by its own keys, and goes on", async () => {
  await shell("worked");
  const id = await execOf("worked", { DetachKeys: "x,y" });
  await using terminal = await Terminal.exec(id);
  terminal.type("echo o$((1+1))e\n");
  await terminal.see("o2e");
  terminal.type("x");
  terminal.type("y");
  await terminal.ended();
  const running = (await davitd.engine.ok(["top", "worked"])).split("\n").slice(1);
  expect(running).toEqual([expect.stringMatching(/sh$/), expect.stringMatching(/sh$/)]);
  const { body } = await davitd.engine.request("GET", `/exec/${id}/json`);
  // dockerd tells it as ended.
  const told =
    process.env["DAVIT_E2E"] === "dockerd" ? { Running: false } : { Running: true, ExitCode: null };
  expect(JSON.parse(body)).toMatchObject(told);
  expect(await isRunning("worked")).toBe("true");
});

/** A shell on a terminal, made to be run in a container. */
async function execOf(container: string, more: object): Promise<string> {
  const body = { Cmd: ["sh"], AttachStdin: true, AttachStdout: true, AttachStderr: true, Tty: true, ...more };
  const answer = await davitd.engine.request("POST", `/containers/${container}/exec`, { body });
  return /"Id":"([0-9a-f]{64})"/.exec(answer.body)?.[1] ?? "";
}
