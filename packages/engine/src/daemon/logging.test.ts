import { PassThrough, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { toLogfmt } from "./logfmt.ts";
import { createLogger, type DaemonLogger } from "./logging.ts";

async function logged(format: string, use: (logger: DaemonLogger) => void): Promise<readonly string[]> {
  const out = new PassThrough();
  use(createLogger({ level: "info", format, out }));
  out.end();
  return (await text(out)).trimEnd().split("\n");
}

test.each([
  ['{"level":30,"time":"t","msg":"up"}', "time=t level=info msg=up"],
  [
    '{"level":40,"time":"t","msg":"two words","plugin":"a/b:1"}',
    'time=t level=warning msg="two words" plugin=a/b:1',
  ],
  ['{"level":30,"msg":"say \\"hi\\"\\n"}', 'time="" level=info msg="say \\"hi\\"\\n"'],
  [
    '{"level":50,"time":"t","msg":"m","err":{"message":"no disk","stack":"at x"}}',
    'time=t level=error msg=m error="no disk"',
  ],
  [
    '{"level":60,"time":"t","msg":"m","err":{"message":"e","stack":"at x"}}',
    'time=t level=fatal msg=m error=e stack="at x"',
  ],
  [
    '{"level":30,"time":"t","msg":"","n":0,"list":["a"],"gone":null}',
    'time=t level=info msg="" n=0 list="[\\"a\\"]" gone=null',
  ],
])("%s reads %s", (line, expected) => {
  expect(toLogfmt(line)).toBe(`${expected}\n`);
});

test("json lines name their level", async () => {
  const [line = ""] = await logged("json", (logger) => logger.warn({ a: 1 }, "careful"));
  expect(JSON.parse(line)).toMatchObject({ level: "warn", a: 1, msg: "careful" });
});

test("a new level holds for children that were made before", async () => {
  const lines = await logged("text", (logger) => {
    const child = logger.child({ plugin: "p" });
    child.debug({}, "one");
    logger.setLevel("debug");
    child.debug({}, "two");
    logger.setLevel("error");
    child.warn({}, "three");
    logger.fatal({}, "four");
  });
  expect(lines.map((line) => /msg=(\w+)/.exec(line)?.[1])).toEqual(["two", "four"]);
});

test("secrets are masked", async () => {
  const lines = await logged("text", (logger) =>
    logger.info({ auth: "s3cret", x: { password: "s3cret" } }, "m"),
  );
  expect(lines.join()).not.toContain("s3cret");
  expect(lines.join()).toContain("***");
});

test("a reader that has gone away ends nothing", async () => {
  const out = new Writable({ write: (_chunk, _encoding, done) => done(new Error("write EPIPE")) });
  const logger = createLogger({ level: "info", format: "text", out });
  const closed = new Promise((resolve) => out.once("close", resolve));
  logger.info({}, "one");
  await closed;
  expect(() => logger.info({}, "two")).not.toThrow();
});
