import { Writable } from "node:stream";
import { type Logger as PinoLogger, pino, stdSerializers } from "pino";
import type { Logger } from "../core/ports/logger.ts";
import type { LogLevel } from "./configuration/configuration.ts";
import { toLogfmt } from "./logfmt.ts";

const levels: Readonly<Record<LogLevel, number>> = { debug: 20, info: 30, warn: 40, error: 50, fatal: 60 };

/** The daemon's own logger: its children follow its threshold. */
export interface DaemonLogger extends Logger {
  /** What ends the process. */
  fatal(fields: object, message: string): void;
  setLevel(level: LogLevel): void;
}

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

export interface LoggerOptions {
  readonly level: LogLevel;
  /** `text` (logfmt, as dockerd) or `json`. */
  readonly format: string;
  readonly out: NodeJS.WritableStream;
}

/** Logs a line per message; a reader that has gone away costs lines, and nothing else. */
export function createLogger({ level, format, out }: LoggerOptions): DaemonLogger {
  // Without a listener, EPIPE would end the process, and with it every request under way.
  out.on("error", () => undefined);
  const isJson = format === "json";
  const settings = {
    level: "debug",
    base: null,
    redact: { paths: secrets, censor: "***" },
    serializers: { err: stdSerializers.err },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    ...(isJson ? { formatters: { level: (label: string) => ({ level: label }) } } : {}),
  };
  const sink = isJson ? lines(out, (line) => line) : lines(out, toLogfmt);
  return new ThresholdLogger(pino(settings, sink), { level });
}

function lines(out: NodeJS.WritableStream, render: (line: string) => string): Writable {
  return new Writable({
    decodeStrings: false,
    write(line: string, _encoding, done) {
      out.write(render(line));
      done();
    },
  });
}

/** pino fixes a child's level when it is made; here all share one that can change. */
class ThresholdLogger implements DaemonLogger {
  readonly #inner: PinoLogger;
  readonly #threshold: { level: LogLevel };

  constructor(inner: PinoLogger, threshold: { level: LogLevel }) {
    this.#inner = inner;
    this.#threshold = threshold;
  }

  debug(fields: object, message: string): void {
    if (this.#passes("debug")) this.#inner.debug(fields, message);
  }
  info(fields: object, message: string): void {
    if (this.#passes("info")) this.#inner.info(fields, message);
  }
  warn(fields: object, message: string): void {
    if (this.#passes("warn")) this.#inner.warn(fields, message);
  }
  error(fields: object, message: string): void {
    if (this.#passes("error")) this.#inner.error(fields, message);
  }
  fatal(fields: object, message: string): void {
    this.#inner.fatal(fields, message);
  }

  child(fields: Record<string, unknown>): Logger {
    return new ThresholdLogger(this.#inner.child(fields), this.#threshold);
  }

  setLevel(level: LogLevel): void {
    this.#threshold.level = level;
  }

  #passes(level: LogLevel): boolean {
    return levels[level] >= levels[this.#threshold.level];
  }
}
