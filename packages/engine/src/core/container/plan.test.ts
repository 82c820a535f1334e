import { containerCreateBodySchema, imageConfigSchema } from "@davit/protocol";
import { expect, test } from "vitest";
import { planContainer } from "./plan.ts";

const image = imageConfigSchema.parse({
  rootfs: { type: "layers", diff_ids: [] },
  config: {
    User: "app",
    Env: ["PATH=/bin", "A=image"],
    Entrypoint: ["/entry"],
    Cmd: ["default"],
    WorkingDir: "/srv",
    Labels: { a: "image", b: "image" },
    Volumes: { "/data": {} },
    ExposedPorts: { "80/tcp": {} },
    StopSignal: "SIGINT",
  },
});
const plan = (body: object) =>
  planContainer(containerCreateBodySchema.parse({ Image: "i", ...body }), image, {
    id: "f".repeat(64),
    hostOfEngine: "ship",
  });

test("what the request leaves open comes from the image", () => {
  const { config, mounts, networkMode } = plan({});
  expect(config).toMatchObject({
    hostname: "ffffffffffff",
    user: "app",
    env: ["PATH=/bin", "A=image"],
    entrypoint: ["/entry"],
    cmd: ["default"],
    workingDir: "/srv",
    labels: { a: "image", b: "image" },
    exposedPorts: ["80/tcp"],
    stopSignal: "SIGINT",
    stopTimeoutSeconds: 10,
  });
  expect(mounts.map(({ mount }) => mount.destination)).toEqual(["/data"]);
  expect(networkMode).toBe("bridge");
});

test("the request wins over the image, by variable and by label", () => {
  const { config } = plan({ Env: ["A=mine", "PATH", "C="], Labels: { a: "mine" }, User: "0", Cmd: ["x"] });
  expect(config.env).toEqual(["A=mine", "C="]);
  expect(config.labels).toEqual({ a: "mine", b: "image" });
  expect([config.user, ...config.entrypoint, ...config.cmd]).toEqual(["0", "/entry", "x"]);
});

test.each([
  [{ Entrypoint: ["/mine"] }, ["/mine"], []],
  [{ Entrypoint: ["/mine"], Cmd: ["x"] }, ["/mine"], ["x"]],
  [{ Entrypoint: [""], Cmd: ["x"] }, [], ["x"]],
])("%j runs %j with %j", (body, entrypoint, cmd) => {
  expect(plan(body).config).toMatchObject({ entrypoint, cmd });
});

test("on the host's network it has the host's name", () => {
  expect(plan({ HostConfig: { NetworkMode: "host" } }).config.hostname).toBe("ship");
  expect(plan({ HostConfig: { NetworkMode: "host" }, Hostname: "h" }).config.hostname).toBe("h");
});

test.each([
  [{ Entrypoint: [""] }, "No command specified"],
  [{ WorkingDir: "x" }, "the working directory 'x' is invalid, it needs to be an absolute path"],
  [{ StopSignal: "SIGODD" }, "Invalid signal: SIGODD"],
  [{ Env: ["=x"] }, "invalid environment variable: =x"],
  [{ HostConfig: { NetworkMode: "odd" } }, "network odd not found"],
  [{ HostConfig: { CapAdd: ["ODD"] } }, 'invalid CapAdd: unknown capability: "CAP_ODD"'],
  [{ HostConfig: { AutoRemove: true, RestartPolicy: { Name: "always" } } }, "can't create 'AutoRemove'"],
  [{ HostConfig: { VolumesFrom: ["x"] } }, "volumes from other containers are not supported"],
  [{ HostConfig: { PortBindings: { "80/tcp": [{ HostPort: "99999" }] } } }, "invalid port specification"],
])("%j is refused", (body, message) => {
  expect(() => plan(body)).toThrow(message);
});

test("says which options it ignores", () => {
  expect(plan({ HostConfig: { Memory: 1, PidMode: "host" } }).warnings).toEqual([
    "The memory limit is not supported and was ignored.",
    "Sharing the host's process IDs is not supported and was ignored.",
  ]);
});
