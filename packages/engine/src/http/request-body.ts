import { describeIssue } from "@davit/protocol";
import type * as z from "zod";
import { EngineError, messageOf } from "../core/errors.ts";
import type { ByteStream } from "../core/ports/byte-stream.ts";

export interface JsonBodyOptions {
  /** `required` (the default): a body that does not say `application/json` is refused. */
  readonly contentType?: "required" | "any";
  /** Read in place of an empty body, which is an error otherwise. */
  readonly whenEmpty?: unknown;
  /** 1 MiB by default. */
  readonly limitBytes?: number;
}

/** The body of a request; to be read once, in one of the two ways. */
export interface RequestBody {
  /** The whole body, decoded and checked; kind invalid if it is not what the schema says. */
  json<Schema extends z.ZodType>(schema: Schema, options?: JsonBodyOptions): Promise<z.output<Schema>>;
  /** The bytes as they come. */
  bytes(): ByteStream;
}

export interface BodyForm {
  /** Of its header. */
  readonly contentType: string | undefined;
  /** Called with what is read as JSON, before it is used; may refuse it. */
  readonly check?: (text: string, value: unknown, schema: z.ZodType) => void;
}

const invalid = (message: string, cause?: unknown): EngineError =>
  new EngineError("invalid", message, { cause });

export function requestBody(source: ByteStream, { contentType, check }: BodyForm): RequestBody {
  return {
    async json(schema, options = {}) {
      const text = await readText(source, options.limitBytes ?? 1024 * 1024);
      const value = decode(text, contentType, options);
      check?.(text, value, schema);
      const parsed = schema.safeParse(value);
      if (!parsed.success) throw invalid(`invalid JSON: ${describeIssue(parsed.error)}`, parsed.error);
      return parsed.data;
    },
    bytes: () => source,
  };
}

function decode(text: string, contentType: string | undefined, options: JsonBodyOptions): unknown {
  const isEmpty = text.trim() === "";
  if (options.contentType !== "any" && !(isEmpty && contentType === undefined))
    requireJson(contentType ?? "");
  if (!isEmpty) return parseJson(text);
  if (options.whenEmpty !== undefined) return options.whenEmpty;
  throw invalid("invalid JSON: got EOF while reading request body");
}

function requireJson(contentType: string): void {
  const mediaType = (contentType.split(";")[0] ?? "").trim().toLowerCase();
  if (mediaType === "application/json") return;
  throw invalid(`unsupported Content-Type header (${contentType}): must be 'application/json'`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = messageOf(error);
    if (reason.includes("after JSON")) throw invalid("unexpected content after JSON", error);
    if (reason.startsWith("Unexpected end")) throw invalid("invalid JSON: unexpected EOF", error);
    throw invalid(`invalid JSON: ${reason}`, error);
  }
}

async function readText(source: ByteStream, limitBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source) {
    size += chunk.byteLength;
    if (size > limitBytes) throw invalid(`request body too large: more than ${limitBytes} bytes`);
    chunks.push(chunk);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks));
  } catch (error) {
    throw invalid("invalid JSON: not UTF-8", error);
  }
}
