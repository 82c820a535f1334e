import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";

export async function readText(stream: Readable): Promise<string> {
  const decoder = new StringDecoder("utf8");
  let text = "";
  for await (const chunk of stream) text += decoder.write(asBuffer(chunk));
  return text + decoder.end();
}

/** Lines that are not blank, as they come. JSON never holds a raw line break, so each is one object. */
export async function* readLines(stream: Readable): AsyncGenerator<string> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  for await (const chunk of stream) {
    rest += decoder.write(asBuffer(chunk));
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") yield line;
  }
  rest += decoder.end();
  if (rest.trim() !== "") yield rest;
}

export function asBuffer(chunk: unknown): Buffer {
  return Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
}
