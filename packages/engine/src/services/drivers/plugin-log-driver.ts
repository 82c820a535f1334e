import { describeIssue, type LogEntryMessage, LogEntrySplitter, logDriverResponses } from "@davit/protocol";
import type * as z from "zod";
import { EngineError, isCanceled, messageOf, PluginRefusal, wrapError } from "../../core/errors.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { CallOptions } from "../../core/ports/plugin-connection.ts";
import type { PluginEndpoint } from "../endpoints/plugin-endpoint.ts";

/** Whoever starts or stops a container waits for these. */
const callTimeoutMs = 10_000;

export interface LogReadRequest {
  readonly since: Date | undefined;
  readonly until: Date | undefined;
  /** Lines; undefined for all. */
  readonly tail: number | undefined;
  readonly follow: boolean;
}

/** Logs by a plugin. https://docs.docker.com/engine/extend/plugins_logging/ */
export class PluginLogDriver {
  readonly #endpoint: PluginEndpoint;
  readonly #logger: Logger;
  #isReadable: boolean | undefined;

  constructor(endpoint: PluginEndpoint, logger: Logger) {
    this.#endpoint = endpoint;
    this.#logger = logger;
  }

  /** What it has said of itself; undefined if it was not asked. */
  get isReadable(): boolean | undefined {
    return this.#isReadable;
  }

  /** One that cannot say cannot be read. */
  async canRead(call: CallOptions = {}): Promise<boolean> {
    this.#isReadable = await this.#askReadable(call);
    return this.#isReadable;
  }

  async #askReadable(call: CallOptions): Promise<boolean> {
    try {
      const method = "LogDriver.Capabilities";
      const { Cap } = await this.#call(method, logDriverResponses[method], undefined, call);
      return Cap?.ReadLogs ?? false;
    } catch (error) {
      if (isCanceled(error) || (error instanceof EngineError && error.kind === "unavailable")) throw error;
      this.#logger.debug(
        { driver: this.#endpoint.name, reason: messageOf(error) },
        "log driver does not tell its capabilities: taken for one that cannot be read",
      );
      return false;
    }
  }

  async startLogging(file: string, info: object, call: CallOptions = {}): Promise<void> {
    const method = "LogDriver.StartLogging";
    await this.#call(method, logDriverResponses[method], { File: file, Info: info }, call);
  }

  async stopLogging(file: string, call: CallOptions = {}): Promise<void> {
    const method = "LogDriver.StopLogging";
    await this.#call(method, logDriverResponses[method], { File: file }, call);
  }

  /** What it has of a container, as it sends it; it keeps to the times and the number of lines by itself. */
  async readLogs(
    info: object,
    { since, until, tail, follow }: LogReadRequest,
    signal: AbortSignal,
  ): Promise<AsyncIterable<readonly LogEntryMessage[]>> {
    const method = "LogDriver.ReadLogs";
    const Config = { Since: timeText(since), Until: timeText(until), Tail: tail ?? -1, Follow: follow };
    const options = { timeoutMs: callTimeoutMs, signal };
    const answer = await this.#endpoint.connection.stream(method, { Info: info, Config }, options);
    return entriesOf(answer, method);
  }

  async #call<Answer extends { readonly Err: string }>(
    method: keyof typeof logDriverResponses,
    schema: z.ZodType<Answer>,
    body: object | undefined,
    call: CallOptions,
  ): Promise<Answer> {
    const answer = await this.#endpoint.connection.call(method, body, { timeoutMs: callTimeoutMs, ...call });
    const result = schema.safeParse(answer ?? {});
    if (!result.success) {
      throw new EngineError("internal", `${method}: undecodable answer: ${describeIssue(result.error)}`, {
        cause: result.error,
      });
    }
    if (result.data.Err !== "") throw new PluginRefusal(result.data.Err);
    return result.data;
  }
}

async function* entriesOf(
  answer: AsyncIterable<Uint8Array>,
  method: string,
): AsyncGenerator<readonly LogEntryMessage[]> {
  const splitter = new LogEntrySplitter();
  try {
    for await (const chunk of answer) {
      const entries = splitter.push(chunk);
      if (entries.length > 0) yield entries;
    }
  } catch (error) {
    throw wrapError(`${method}: error reading logs`, error);
  }
  if (!splitter.isAtEnd) {
    throw new EngineError("internal", `${method}: error reading logs: the answer ends within an entry`);
  }
}

const timeText = (time: Date | undefined): string => time?.toISOString() ?? "0001-01-01T00:00:00Z";
