import type { ServerResponse } from "node:http";
import { type DockerRegistry, startDockerRegistry, startScriptedServer } from "@davit/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { expectNothingLeft, expectNothingLeftAfterRestart } from "./nothing-left.ts";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();
const cleanup = new AsyncDisposableStack();
let registry: DockerRegistry;
let remote: string;

beforeAll(async () => {
  registry = await startDockerRegistry();
  cleanup.defer(() => registry.stop());
  remote = `${registry.host}/acme/v:1`;
  await davitd.engine.ok(["plugin", "create", remote, davitd.plugin]);
  await davitd.engine.ok(["plugin", "push", remote]);
  await davitd.engine.ok(["plugin", "rm", remote]);
});
afterAll(() => cleanup.disposeAsync());

describe("plugin install", () => {
  afterEach(async () => {
    const present = await davitd.engine.ok(["plugin", "ls", "--quiet"]);
    if (present !== "") await davitd.engine.ok(["plugin", "rm", "--force", ...present.split("\n")]);
    await expectNothingLeft(davitd.engine);
  });

  test("shows the privileges, asks, pulls and enables", async () => {
    const said = await davitd.engine.ok(["plugin", "install", remote], { input: "y\n" });
    expect(said).toContain(
      `Plugin "${remote}" is requesting the following privileges:\n - capabilities: [CAP_SYS_ADMIN]\n`,
    );
    expect(said).toContain(`1: Pulling from ${registry.host}/acme/v\n`);
    expect(said).toContain(`Installed plugin ${remote}`);
    const format = "{{.Name}} {{.Enabled}} {{.PluginReference}}";
    expect(await davitd.engine.ok(["plugin", "inspect", "--format", format, remote])).toBe(
      `${remote} true ${remote}`,
    );
  });

  test("installs nothing when the privileges are declined", async () => {
    const { stderr, exitCode } = await davitd.engine.docker(["plugin", "install", remote], { input: "n\n" });
    expect(stderr.toLowerCase()).toContain(`permission denied while installing plugin ${remote}`);
    expect(exitCode).toBe(1);
  });

  test("takes another name, settings, and leaves it disabled when told so", async () => {
    const options = ["--grant-all-permissions", "--disable", "--alias", "mine"];
    await davitd.engine.ok(["plugin", "install", ...options, remote, "BEHAVIOUR=slow:0"]);
    const format = "{{.Name}} {{.Enabled}} {{.PluginReference}} {{json .Settings.Env}}";
    expect(await davitd.engine.ok(["plugin", "inspect", "--format", format, "mine"])).toBe(
      `mine:latest false ${remote} ["BEHAVIOUR=slow:0","ROOT=/data"]`,
    );
  });

  test("installs by digest", async () => {
    const pushed = await fetch(`${registry.url}/v2/acme/v/manifests/1`, {
      headers: { Accept: "application/vnd.docker.distribution.manifest.v2+json" },
    });
    const digest = pushed.headers.get("docker-content-digest") ?? "";
    const reference = `${registry.host}/acme/v@${digest}`;
    await davitd.engine.ok(["plugin", "install", "--grant-all-permissions", reference]);
    expect(await davitd.engine.ok(["plugin", "ls", "--format", "{{.Name}} {{.PluginReference}}"])).toBe(
      `${registry.host}/acme/v:latest ${reference}`,
    );
  });

  test("refuses a name that is taken", async () => {
    await davitd.engine.ok(["plugin", "install", "--grant-all-permissions", "--disable", remote]);
    const { stderr } = await davitd.engine.docker(["plugin", "install", "--grant-all-permissions", remote]);
    expect(stderr).toBe(`Error response from daemon: plugin ${remote} already exists\n`);
  });

  test.for([
    ["none", []],
    ["another value", [{ Name: "capabilities", Description: "", Value: ["CAP_NET_ADMIN"] }]],
    ["another name", [{ Name: "network", Description: "", Value: ["CAP_SYS_ADMIN"] }]],
    [
      "one too many",
      [
        { Name: "capabilities", Description: "", Value: ["CAP_SYS_ADMIN"] },
        { Name: "network", Description: "", Value: ["host"] },
      ],
    ],
  ] as const)("refuses privileges that differ: %s", async ([, granted]) => {
    const path = `/plugins/pull?remote=${encodeURIComponent(remote)}`;
    const { body } = await davitd.engine.request("POST", path, { body: granted });
    expect(body).toContain("incorrect privileges");
    expect(await davitd.engine.ok(["plugin", "ls", "--quiet"])).toBe("");
  });
});

describe("plugin install from a registry that", () => {
  const answers = {
    "answers 404": (response: ServerResponse) => {
      response
        .writeHead(404)
        .end('{"errors":[{"code":"NAME_UNKNOWN","message":"repository name not known"}]}');
    },
    "answers HTML": (response: ServerResponse) => {
      response.writeHead(200, { "Content-Type": "text/html" }).end("<html><body>Welcome</body></html>");
    },
    "answers 500": (response: ServerResponse) => {
      response.writeHead(500).end("out of order");
    },
    "hangs up": (response: ServerResponse) => {
      response.socket?.destroy();
    },
  } as const;

  test.for(Object.entries(answers))("%s is refused", async ([, answer]) => {
    const server = await startScriptedServer((_request, response) => answer(response));
    try {
      const reference = `${server.host}/acme/v:1`;
      const { stderr, exitCode } = await davitd.engine.docker([
        "plugin",
        "install",
        "--grant-all-permissions",
        reference,
      ]);
      expect(stderr).toContain("Error response from daemon: ");
      expect(stderr).toContain(server.host);
      expect(exitCode).toBe(1);
    } finally {
      await server.stop();
    }
    await expectNothingLeft(davitd.engine);
  });

  test("answers 401 is refused with 401, and with 403 where the CLI would ask for a name", async () => {
    const server = await startScriptedServer((_request, response) => {
      response.writeHead(401, { "WWW-Authenticate": 'Basic realm="here"' }).end('{"errors":[]}');
    });
    try {
      const remote = `remote=${encodeURIComponent(`${server.host}/acme/v:1`)}`;
      const asked = await davitd.engine.request("GET", `/plugins/privileges?${remote}`);
      const pulled = await davitd.engine.request("POST", `/plugins/pull?${remote}`, { body: [] });
      expect([asked.status, pulled.status]).toEqual([403, 401]);
      for (const { body } of [asked, pulled]) {
        expect(body).toContain(`pull access denied for ${server.host}/acme/v`);
      }
      const install = ["plugin", "install", "--grant-all-permissions", `${server.host}/acme/v:1`];
      const { exitCode, stderr } = await davitd.engine.docker(install);
      expect(exitCode).toBe(1);
      expect(stderr).toContain("pull access denied");
    } finally {
      await server.stop();
    }
    await expectNothingLeft(davitd.engine);
  });

  test("is not there is refused", async () => {
    const server = await startScriptedServer(() => undefined);
    await server.stop();
    const { stderr, exitCode } = await davitd.engine.docker([
      "plugin",
      "install",
      "--grant-all-permissions",
      `${server.host}/acme/v:1`,
    ]);
    expect(stderr).toContain("connection refused");
    expect(exitCode).toBe(1);
    await expectNothingLeft(davitd.engine);
  });

  test("sends bytes of another digest is refused", async () => {
    const server = await startScriptedServer((request, response) => {
      void relay(request.method, request.url, request.headers.accept).then(
        ({ status, headers, body }) => response.writeHead(status, headers).end(body),
        () => response.destroy(),
      );
    });
    try {
      const { stdout, stderr, exitCode } = await davitd.engine.docker([
        "plugin",
        "install",
        "--grant-all-permissions",
        `${server.host}/acme/v:1`,
      ]);
      expect(`${stdout}${stderr}`).toMatch(/digest|size/i);
      expect(exitCode).toBe(1);
    } finally {
      await server.stop();
    }
    await expectNothingLeft(davitd.engine);
  });

  /** The real registry's answer, with one byte of each layer changed. */
  async function relay(method: string, url: string, accept = "*/*") {
    const answer = await fetch(`${registry.url}${url}`, { method, headers: { Accept: accept } });
    const body = Buffer.from(await answer.arrayBuffer());
    if (url.includes("/blobs/") && body.length > 10_000) body[5000] = (body[5000] ?? 0) ^ 1;
    const names = ["content-type", "docker-content-digest"];
    const headers = Object.fromEntries(names.flatMap((name) => [[name, answer.headers.get(name) ?? ""]]));
    return { status: answer.status, headers, body };
  }
});

test("nothing of what was installed or refused is left after a restart", () =>
  expectNothingLeftAfterRestart(davitd.engine));
