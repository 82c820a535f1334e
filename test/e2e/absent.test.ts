import { expect, test } from "vitest";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();
const refusal = async (...args: readonly string[]): Promise<string> => {
  const { stderr, exitCode } = await davitd.engine.docker(args);
  expect(exitCode).toBe(1);
  return stderr;
};

test.each([
  ["node", "ls"],
  ["service", "ls"],
  ["secret", "ls"],
  ["config", "ls"],
  ["service", "inspect", "x"],
])("docker %s %s says that there is no swarm, in the Engine's words", async (...args) => {
  expect(await refusal(...args)).toContain('This node is not a swarm manager. Use "docker swarm init"');
});

test("docker swarm leave has nothing to leave", async () => {
  expect(await refusal("swarm", "leave")).toContain("This node is not part of a swarm");
});

test.skipIf(process.env["DAVIT_E2E"] === "dockerd").each([
  [["swarm", "init"], "swarm: not supported"],
  [["commit", "x"], "POST /commit: not supported"],
])("docker %j says that it is not supported", async (args, message) => {
  expect(await refusal(...args)).toContain(message);
});

// The docker CLI asks for these only where a daemon calls itself experimental.
test("checkpoints are answered with 501", async () => {
  const { status } = await davitd.engine.request("GET", "/v1.41/containers/x/checkpoints");
  expect(status).toBe(501);
});

test("an endpoint that nobody has is named in a 404", async () => {
  const { status, body } = await davitd.engine.request("POST", "/v1.41/nosuch");
  expect(status).toBe(404);
  expect(JSON.parse(body)).toMatchObject({ message: expect.stringContaining("page not found") });
});

test.skipIf(process.env["DAVIT_E2E"] === "dockerd").each([
  ["/session", { Connection: "Upgrade", Upgrade: "h2c" }],
  ["/grpc", { Connection: "Upgrade", Upgrade: "h2c" }],
  ["/build/cancel?id=x", {}],
  ["/build", {}],
  ["/commit?container=x", {}],
])(
  "POST %s is answered with 501, a message that names it, and the connection stays HTTP's",
  async (path, headers) => {
    const { status, body } = await davitd.engine.request("POST", `/v1.41${path}`, { headers });
    expect(status).toBe(501);
    expect(JSON.parse(body)).toEqual({
      message: expect.stringContaining(path.replace(/\?.*/, "")),
    });
  },
);
