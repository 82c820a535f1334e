import { link, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { extract } from "tar-stream";
import { expect, onTestFinished, test } from "vitest";
import { parseEndpoint } from "./client/endpoint.ts";
import { EngineClient } from "./client/engine-client.ts";
import { Failure, messageOf } from "./failure.ts";
import { runCli } from "./run-cli.ts";
import { surroundingsOf, testContext } from "./test-context.ts";

type Answer = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;

const json =
  (status: number, value: unknown): Answer =>
  (_request, response) => {
    response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(value));
  };
const empty =
  (status: number): Answer =>
  (_request, response) => {
    response.writeHead(status).end();
  };

const newDirectory = async (): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), "dcli-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
};

/** A daemon that gives canned answers, and remembers what it was asked. */
async function daemon(answers: Readonly<Record<string, Answer>>) {
  const directory = await newDirectory();
  const socket = join(directory, "s");
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      response.setHeader("Api-Version", "1.41");
      const line = `${request.method} ${request.url}`;
      if (line === "HEAD /_ping") {
        response.end();
        return;
      }
      const body = Buffer.concat(chunks);
      const isText = request.headers["content-type"] === "application/json";
      asked.push(isText ? `${line} ${body.toString()}` : line);
      const path = (request.url ?? "").replace(/^\/v1\.41/, "").split("?")[0];
      (answers[`${request.method} ${path}`] ?? json(404, { message: "page not found" }))(
        request,
        response,
        body,
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { host: `unix://${socket}`, asked };
}

async function cli(host: string, argv: readonly string[], options: { readonly input?: string } = {}) {
  const context = testContext({ host, ...options });
  try {
    const code = await runCli(argv, surroundingsOf(context));
    return { code, ...context.printed() };
  } catch (error) {
    const code = error instanceof Failure ? error.exitCode : -1;
    const { out, err } = context.printed();
    return { code, out, err: `${err}${messageOf(error)}\n` };
  } finally {
    context.client.close();
  }
}

test("says which daemon it cannot reach", async () => {
  expect(await cli("unix:///nonexistent/s", ["plugin", "ls"])).toEqual({
    code: 1,
    out: "",
    err: "Cannot connect to the Davit daemon at unix:///nonexistent/s: is davitd running?\n",
  });
});

test("goes on after a refused argument, and fails in the end", async () => {
  const { host, asked } = await daemon({
    "DELETE /plugins/a/b": empty(200),
    "DELETE /plugins/c": json(404, { message: 'plugin "c" not found' }),
    "DELETE /plugins/d:1": empty(200),
  });
  expect(await cli(host, ["plugin", "rm", "-f", "a/b", "c", "d:1"])).toEqual({
    code: 1,
    out: "a/b\nd:1\n",
    err: 'Error response from daemon: plugin "c" not found\n',
  });
  expect(asked).toEqual([
    "DELETE /v1.41/plugins/a/b?force=1",
    "DELETE /v1.41/plugins/c?force=1",
    "DELETE /v1.41/plugins/d:1?force=1",
  ]);
});

const privileges = [{ Name: "network", Description: "", Value: ["host"] }];
const pulled: Answer = (_request, response) => {
  response.setHeader("Docker-Plugin-Name", "a/b:latest");
  response.write('{"status":"Pulling from a/b","id":"latest"}\r\n');
  response.end('{"id":"0123456789ab","status":"Complete","progressDetail":{}}\r\n');
};

test("installs: asks, pulls, sets, enables", async () => {
  const { host, asked } = await daemon({
    "GET /plugins/privileges": json(200, privileges),
    "POST /plugins/pull": pulled,
    "POST /plugins/a/b:latest/set": empty(204),
    "POST /plugins/a/b:latest/enable": empty(200),
  });
  expect(await cli(host, ["plugin", "install", "a/b", "X=1"], { input: "y\n" })).toEqual({
    code: 0,
    out:
      'Plugin "a/b" is requesting the following privileges:\n - network: [host]\n' +
      "Do you grant the above permissions? [y/N] latest: Pulling from a/b\n0123456789ab: Complete\nInstalled plugin a/b\n",
    err: "",
  });
  expect(asked).toEqual([
    "GET /v1.41/plugins/privileges?remote=a%2Fb",
    `POST /v1.41/plugins/pull?remote=a%2Fb ${JSON.stringify(privileges)}`,
    'POST /v1.41/plugins/a/b:latest/set ["X=1"]',
    "POST /v1.41/plugins/a/b:latest/enable?timeout=0",
  ]);
});

test("installs nothing when the privileges are declined", async () => {
  const { host, asked } = await daemon({ "GET /plugins/privileges": json(200, privileges) });
  const { code, err } = await cli(host, ["plugin", "install", "a/b"], { input: "n\n" });
  expect({ code, err }).toEqual({ code: 1, err: "permission denied while installing plugin a/b\n" });
  expect(asked).toHaveLength(1);
});

test("an error in the progress stream ends the installation", async () => {
  const { host, asked } = await daemon({
    "GET /plugins/privileges": json(200, null),
    "POST /plugins/pull": (_request, response) => {
      response.end('{"errorDetail":{"message":"incorrect privileges"},"error":"incorrect privileges"}\r\n');
    },
  });
  expect(await cli(host, ["plugin", "install", "a/b"])).toEqual({
    code: 1,
    out: "",
    err: "incorrect privileges\n",
  });
  expect(asked).toHaveLength(2);
});

test("refuses to upgrade an enabled plugin", async () => {
  const plugin = {
    Id: "1",
    Name: "a/b:latest",
    Enabled: true,
    PluginReference: "docker.io/a/b:latest",
    Config: {},
    Settings: { Args: [], Devices: [], Env: [], Mounts: [] },
  };
  const { host } = await daemon({ "GET /plugins/a/b/json": json(200, plugin) });
  const { err } = await cli(host, ["plugin", "upgrade", "a/b"]);
  expect(err).toBe("the plugin must be disabled before upgrading\n");
});

test("tells an answer that is no answer", async () => {
  const { host } = await daemon({
    "GET /plugins": (_request, response) => response.end("<html>"),
    "GET /volumes": json(200, { Volumes: [{}] }),
  });
  expect((await cli(host, ["plugin", "ls"])).err).toMatch(/^unexpected answer from daemon to \/plugins: /);
  expect((await cli(host, ["volume", "ls"])).err).toMatch(
    /^unexpected answer from daemon to \/volumes: Volumes/,
  );
});

test("inspect keeps integers that a double cannot hold", async () => {
  const volume =
    '{"Driver":"local","Labels":null,"Mountpoint":"","Name":"v","Options":null,"Scope":"local","Big":9223372036854775807}';
  const { host } = await daemon({ "GET /volumes/v": (_request, response) => response.end(volume) });
  expect((await cli(host, ["volume", "inspect", "v"])).out).toContain('"Big": 9223372036854775807\n');
  expect((await cli(host, ["volume", "inspect", "-f", "{{.Big}}", "v"])).out).toBe("9223372036854775807\n");
});

test.each([[[]], [["--compress"]]])(
  "plugin create %j streams the directory with its links and modes",
  async (flags) => {
    const directory = await newDirectory();
    await writeFile(join(directory, "config.json"), '{"Description":"x"}');
    await mkdir(join(directory, "rootfs", "bin"), { recursive: true });
    await writeFile(join(directory, "rootfs/bin/tool"), "tool", { mode: 0o755 });
    await writeFile(join(directory, "rootfs/empty"), "");
    await link(join(directory, "rootfs/bin/tool"), join(directory, "rootfs/bin/twin"));
    await symlink("tool", join(directory, "rootfs/bin/alias"));
    let sent: Buffer = Buffer.alloc(0);
    const { host, asked } = await daemon({
      "POST /plugins/create": (_request, response, body) => {
        sent = body;
        response.writeHead(204).end();
      },
    });
    expect((await cli(host, ["plugin", "create", ...flags, "a/b", directory])).out).toBe("a/b\n");
    expect(asked).toEqual(["POST /v1.41/plugins/create?name=a%2Fb"]);
    const entries: string[] = [];
    const reader = extract();
    reader.end(flags.length === 0 ? sent : gunzipSync(sent));
    for await (const entry of reader) {
      const { name, type, mode, size, linkname } = entry.header;
      entries.push(`${name} ${type} ${(mode ?? 0).toString(8)} ${size} ${linkname ?? ""}`.trim());
      entry.resume();
    }
    expect(entries).toEqual([
      "config.json file 644 19",
      "rootfs/ directory 755 0",
      "rootfs/bin/ directory 755 0",
      "rootfs/bin/alias symlink 777 0 tool",
      "rootfs/bin/tool file 755 4",
      "rootfs/bin/twin link 755 0 rootfs/bin/tool",
      "rootfs/empty file 644 0",
    ]);
  },
);

test("refuses a directory that holds no plugin before anything is sent", async () => {
  const directory = await newDirectory();
  const create = async () => (await cli("unix:///nonexistent/s", ["plugin", "create", "a/b", directory])).err;
  expect(await create()).toBe(`open ${directory}/config.json: no such file or directory\n`);
  await writeFile(join(directory, "config.json"), '{"Entrypoint":"x"}');
  expect(await create()).toMatch(/^config.json: Entrypoint: /);
});

test("run's exit code is 125 for the daemon's refusal, 127 for a command that is not there", async () => {
  const { host } = await daemon({
    "POST /containers/create": json(201, { Id: "c1", Warnings: [] }),
    "POST /containers/c1/start": json(400, { message: 'exec: "x": executable file not found in $PATH' }),
  });
  expect(await cli(host, ["run", "-d", "bb", "x"])).toMatchObject({ code: 127, out: "" });
  const refusing = await daemon({ "POST /containers/create": json(400, { message: "no" }) });
  expect(await cli(refusing.host, ["run", "bb"])).toEqual({
    code: 125,
    out: "",
    err: "davit: Error response from daemon: no\n\nRun 'davit run --help' for more information\n",
  });
});

test("an interrupt aborts the request", async () => {
  const context = testContext({
    host: (
      await daemon({
        "GET /events": (_request, response) => {
          response.flushHeaders();
          context.interrupts.raise("SIGINT");
        },
      })
    ).host,
  });
  await expect(runCli(["events"], surroundingsOf(context))).rejects.toThrow("aborted");
  context.client.close();
});

test("every command has help, and unknown ones are refused", async () => {
  const { branches, topLevel } = await import("./command-tree.ts");
  const names = Object.entries(branches).flatMap(([noun, { commands }]) =>
    Object.keys(commands).map((verb) => [noun, verb]),
  );
  for (const words of [...names, ...Object.keys(topLevel).map((verb) => [verb])]) {
    const { code, out } = await cli("unix:///nonexistent/s", [...words, "--help"]);
    expect({ words, code, starts: out.startsWith("Usage:  davit ") }).toEqual({
      words,
      code: 0,
      starts: true,
    });
  }
  expect((await cli("unix:///nonexistent/s", ["nope"])).err).toMatch(/^davit: unknown command: davit nope\n/);
});

test("loads a plugin: the daemon says what it asks for, and is sent the archive again", async () => {
  const directory = await newDirectory();
  await writeFile(join(directory, "x.tar"), "archive");
  const granted: unknown[] = [];
  const sent: string[] = [];
  const { host, asked } = await daemon({
    "POST /plugins/load": (request, response, body) => {
      sent.push(body.toString());
      const header = request.headers["x-davit-privileges"];
      if (header === undefined) {
        json(403, { message: "not granted", Privileges: privileges })(request, response, body);
        return;
      }
      granted.push(JSON.parse(Buffer.from(String(header), "base64url").toString()));
      json(200, { Id: "1", Name: "a/b:latest", Digest: "sha256:1" })(request, response, body);
    },
    "POST /plugins/a/b:latest/enable": empty(200),
  });
  const load = ["plugin", "load", "-i", join(directory, "x.tar"), "--alias", "a/b"];
  const declined = await cli(host, load, { input: "n\n" });
  expect(declined).toMatchObject({
    code: 1,
    err: `permission denied while loading plugin ${join(directory, "x.tar")}\n`,
  });
  expect((await cli(host, load, { input: "y\n" })).out).toMatch(/\[y\/N\] Loaded plugin a\/b:latest\n$/);
  expect(await cli(host, ["plugin", "load", "--grant-all-permissions"], { input: "archive" })).toEqual({
    code: 0,
    out: "Loaded plugin a/b:latest\n",
    err: "",
  });
  expect(granted).toEqual([privileges, privileges]);
  expect(new Set(sent)).toEqual(new Set(["archive"]));
  expect(asked[0]).toBe("POST /v1.41/plugins/load?name=a%2Fb%3Alatest");
});

test("an archive is saved as a whole or not at all", async () => {
  const directory = await newDirectory();
  const { host } = await daemon({
    "GET /plugins/whole/export": (_request, response) => response.end("archive"),
    "GET /plugins/half/export": (_request, response) => {
      response.write("arch", () => response.destroy());
    },
  });
  const save = (name: string) => cli(host, ["plugin", "save", "-o", join(directory, name), name]);
  expect(await save("whole")).toEqual({ code: 0, out: "", err: "" });
  expect((await save("half")).code).not.toBe(0);
  expect(await readdir(directory)).toContain("whole");
  expect((await readdir(directory)).filter((name) => name.includes("half"))).toEqual([]);
});

test("the configuration's headers go with every request", async () => {
  const seen: unknown[] = [];
  const { host } = await daemon({
    "GET /info": (request, response, body) => {
      seen.push(request.headers["x-meta"]);
      json(200, {})(request, response, body);
    },
  });
  const client = new EngineClient(parseEndpoint(host), { headers: { "X-Meta": "1" } });
  await client.raw({ method: "GET", path: "/info", signal: new AbortController().signal });
  client.close();
  expect(seen).toEqual(["1"]);
});

test("exec starts with what it was told, and exits as the command did", async () => {
  const { host, asked } = await daemon({
    "GET /containers/c/json": json(200, {}),
    "POST /containers/c/exec": json(201, { Id: "e1" }),
    "POST /exec/e1/start": empty(200),
    "GET /exec/e1/json": json(200, { ExitCode: 3 }),
  });
  expect(await cli(host, ["exec", "-u", "1", "c", "sh", "-c", "exit 3"])).toEqual({
    code: 3,
    out: "",
    err: "",
  });
  expect(asked[1]).toContain('"User":"1"');
  expect(asked[1]).toContain('"Cmd":["sh","-c","exit 3"]');
  expect((await cli(host, ["exec", "-d", "c", "true"])).code).toBe(0);
  expect(asked.at(-1)).toBe('POST /v1.41/exec/e1/start {"Detach":true,"Tty":false}');
});

test("a path in a container that is a link is followed before anything is copied to it", async () => {
  const directory = await newDirectory();
  await writeFile(join(directory, "f"), "content");
  const stat = (name: string, mode: number, linkTarget = ""): string =>
    Buffer.from(JSON.stringify({ name, mode, linkTarget })).toString("base64");
  const { host, asked } = await daemon({
    "HEAD /containers/c/archive": (request, response) => {
      const isLink = (request.url ?? "").endsWith("ln");
      response.setHeader(
        "X-Docker-Container-Path-Stat",
        isLink ? stat("ln", 2 ** 27, "../d") : stat("d", 2 ** 31),
      );
      response.end();
    },
    "PUT /containers/c/archive": empty(200),
  });
  expect(await cli(host, ["cp", join(directory, "f"), "c:/x/ln"])).toEqual({ code: 0, out: "", err: "" });
  expect(asked).toEqual([
    "HEAD /v1.41/containers/c/archive?path=%2Fx%2Fln",
    "HEAD /v1.41/containers/c/archive?path=%2Fd",
    "PUT /v1.41/containers/c/archive?path=%2Fd&noOverwriteDirNonDir=true",
  ]);
});
