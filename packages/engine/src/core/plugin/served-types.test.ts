import { pluginConfigSchema } from "@davit/protocol";
import { expect, it } from "vitest";
import { requireServed, unservedTypes } from "./served-types.ts";

const configOf = (...Types: readonly string[]) => pluginConfigSchema.parse({ Interface: { Types } });

it.each([
  [[]],
  [["docker.volumedriver/1.0"]],
  [["docker.metricscollector/1.0", "docker.graphdriver/1.0"]],
  [["example.graphdriver/1.0"]],
  [["docker.somethingnew/1.0"]],
  [["docker.constructor/1.0"]],
])("lets a plugin of the types %j run", (types) => {
  expect(() => requireServed("acme/v:latest", configOf(...types))).not.toThrow();
});

it("says what is not run of a plugin that is of no use", () => {
  expect(() => requireServed("acme/g:latest", configOf("docker.graphdriver/1.0"))).toThrow(
    "plugin acme/g:latest is of type docker.graphdriver/1.0, and Davit runs no graph drivers: its layers lie on overlayfs",
  );
  expect(() =>
    requireServed("acme/c:latest", configOf("docker.csinode/1.0", "docker.csicontroller/1.0")),
  ).toThrow(
    /^plugin acme\/c:latest is of type docker.csinode\/1.0, docker.csicontroller\/1.0, and Davit runs no CSI drivers: [^;]+$/,
  );
  expect(() =>
    requireServed("acme/s:latest", configOf("docker.secretprovider/1.0", "docker.graphdriver/1.0")),
  ).toThrow("no secret providers: they serve a swarm, and it is in none; no graph drivers");
});

it("tells which of several types are of no use", () => {
  const types = ["docker.volumedriver/1.0", "docker.graphdriver/1.0", "docker.secretprovider/1.0"];
  expect(unservedTypes(configOf(...types))).toEqual(types.slice(1));
});
