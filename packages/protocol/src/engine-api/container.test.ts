import { expect, test } from "vitest";
import { containerCreateBodySchema } from "./container.ts";

test("fills an empty body with zero values", () => {
  const body = containerCreateBodySchema.parse({});
  expect(body.Cmd).toEqual([]);
  expect(body.Entrypoint).toBeUndefined();
  expect(body.HostConfig.Binds).toEqual([]);
  expect(body.HostConfig.RestartPolicy).toEqual({ Name: "", MaximumRetryCount: 0 });
  expect(body.NetworkingConfig.EndpointsConfig).toEqual({});
});

test("takes null for every field, keys in any case, and drops unknown ones", () => {
  const body = containerCreateBodySchema.parse({
    image: "busybox",
    Cmd: null,
    Entrypoint: null,
    Env: null,
    HostConfig: { binds: null, Mounts: [{ Type: "volume", Target: "/x", VolumeOptions: null }], Odd: 1 },
    NetworkingConfig: { EndpointsConfig: { default: null } },
    Platform: null,
  });
  expect(body.Image).toBe("busybox");
  expect(body.HostConfig.Mounts[0]).toMatchObject({ Type: "volume", Target: "/x", ReadOnly: false });
  expect(body).not.toHaveProperty("Platform");
  expect(body.NetworkingConfig.EndpointsConfig["default"]?.Aliases).toEqual([]);
});

test("keeps an empty entrypoint apart from an absent one, and takes one word for a list", () => {
  expect(containerCreateBodySchema.parse({ Entrypoint: [] }).Entrypoint).toEqual([]);
  expect(containerCreateBodySchema.parse({ Entrypoint: "/x y" }).Entrypoint).toEqual(["/x y"]);
  expect(containerCreateBodySchema.parse({ Cmd: "ls" }).Cmd).toEqual(["ls"]);
});

test("refuses a list where a string belongs", () => {
  expect(containerCreateBodySchema.safeParse({ Image: [] }).success).toBe(false);
  expect(containerCreateBodySchema.safeParse({ HostConfig: { Binds: "a:b" } }).success).toBe(false);
});
