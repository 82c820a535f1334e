import { Writable } from "node:stream";
import { pino, stdSerializers } from "pino";
import type { Logger } from "../core/ports/logger.ts";

const levelNames: Readonly<Record<number, string>> = {
  20: "debug",
  30: "info",
  40: "warning",
  50: "error",
  60: "fatal",
};

/** Credentials never reach the log, whatever logs an object that holds them. */
const secrets = [
  "auth",
  "*.auth",
  "password",
  "*.password",
  "identitytoken",
  "*.identitytoken",
  "*.authorization",
];

/** Logs to standard error, in logfmt as dockerd does, or in JSON. */
export function createLogger({ level, format }: { readonly level: string; readonly format: string }): Logger {
  const settings = {
    level,
    base: null,
    redact: { paths: secrets, censor: "***" },
    serializers: { err: stdSerializers.err },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    ...(format === "json" ? { formatters: { level: (label: string) => ({ level: label }) } } : {}),
  };
  return pino(settings, format === "json" ? process.stderr : logfmtStream(process.stderr));
}

function logfmtStream(out: NodeJS.WritableStream): Writable {
  return new Writable({
    decodeStrings: false,
    write(line: string, _encoding, done) {
      out.write(toLogfmt(line));
      done();
    },
  });
}

/** One line of pino's JSON as `time="…" level=info msg="…" key=value …`. */
export function toLogfmt(line: string): string {
  const record: unknown = JSON.parse(line);
  if (typeof record !== "object" || record === null) return line;
  const { time, level, msg, err, ...rest } = Object.fromEntries(Object.entries(record));
  const fields: [string, unknown][] = [
    ["time", time],
    ["level", typeof level === "number" ? (levelNames[level] ?? level) : level],
    ["msg", msg],
    ...(err === undefined ? [] : ([["error", errorText(err)]] satisfies [string, unknown][])),
    ...Object.entries(rest),
  ];
  return `${fields.map(([key, value]) => `${key}=${quote(value)}`).join(" ")}\n`;
}

const errorText = (err: unknown): unknown =>
  typeof err === "object" && err !== null && "message" in err ? err.message : err;

function quote(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return /^[\w.:/@-]+$/.test(text) ? text : JSON.stringify(text);
}
