import { expect, test } from "vitest";
import { EngineError, PluginRefusal } from "../../core/errors.ts";
import type { PluginConnection } from "../../core/ports/plugin-connection.ts";
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
const answering = (answer: unknown) => calling(() => Promise.resolve(answer));
const calling = (call: PluginConnection["call"]) =>
  new PluginVolumeDriver({
    endpoint: {
      name: "acme/v:latest",
      connection: {
        call,
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

/** Never answers the first call, which ends with its caller's signal. */
const silentAtFirst = () => {
  let calls = 0;
  return calling((_method, _body, { signal }) => {
    calls += 1;
    if (calls > 1) return Promise.resolve({ Capabilities: { Scope: "global" } });
    const { promise, reject } = Promise.withResolvers<never>();
    signal?.addEventListener("abort", () => reject(new EngineError("canceled", "gone")));
    return promise;
  });
};

test("who asks for the scope gets it also where the one who asked first has gone", async () => {
  const driver = silentAtFirst();
  const first = new AbortController();
  const [gone, staying] = [driver.capabilities({ signal: first.signal }), driver.capabilities()];
  first.abort();
  await expect(gone).rejects.toMatchObject({ kind: "canceled" });
  expect(await staying).toEqual({ scope: "global" });
});

test("who asks for the scope waits no longer than it wants to, whoever asked first", async () => {
  const driver = silentAtFirst();
  const first = new AbortController();
  const patient = driver.capabilities({ signal: first.signal });
  const late = driver.capabilities({ signal: AbortSignal.timeout(20) });
  await expect(late).rejects.toMatchObject({ kind: "canceled" });
  first.abort();
  await expect(patient).rejects.toMatchObject({ kind: "canceled" });
});
