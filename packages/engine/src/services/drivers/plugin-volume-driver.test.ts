import { expect, test } from "vitest";
import { PluginRefusal } from "../../core/errors.ts";
import { PluginVolumeDriver } from "./plugin-volume-driver.ts";

const ignore = () => undefined;
const logger = {
  trace: ignore,
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
  fatal: ignore,
  child: () => logger,
};
const answering = (answer: unknown) =>
  new PluginVolumeDriver({
    endpoint: {
      name: "acme/v:latest",
      connection: {
        call: () => Promise.resolve(answer),
        stream: () => Promise.reject(new Error("volumes are not streamed")),
        close: ignore,
      },
      toHostPath: (inside) => `/told${inside}`,
      toRealPath: (inside) => {
        if (inside === "/") return Promise.reject(new Error("it is its whole root"));
        return Promise.resolve(inside === "/there" ? "/real" : undefined);
      },
    },
    logger,
  });

test("an error that the plugin answers is its refusal", async () => {
  await expect(answering({ Err: "will not" }).mount("vol", "m1")).rejects.toBeInstanceOf(PluginRefusal);
});

test.each([
  [{ Mountpoint: 1 }, "undecodable answer"],
  [{ Mountpoint: "" }, "answered no mountpoint"],
  [{ Mountpoint: "/" }, "whole root"],
  [{ Mountpoint: "/nosuch" }, 'plugin acme/v:latest answered the path "/nosuch", where there is nothing'],
])("an answer of %j is a failure and no refusal", async (answer, message) => {
  const failure: unknown = await answering(answer)
    .mount("vol", "m1")
    .catch((error: unknown) => error);
  expect(String(failure)).toContain(message);
  expect(failure).not.toBeInstanceOf(PluginRefusal);
});

test.each([
  ["/there", "/real"],
  ["/later", "/told/later"],
  ["/", ""],
  ["", ""],
])("a volume that the plugin says is at %j is shown at %j", async (inside, shown) => {
  const volume = await answering({ Volume: { Name: "vol", Mountpoint: inside } }).get("vol");
  expect(volume?.Mountpoint).toBe(shown);
});
