import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { EngineError, messageOf } from "../../core/errors.ts";
import { type ByteText, fromByteText, type PaxRecord, toByteText } from "../../core/tar/tar-entry.ts";

// https://man7.org/linux/man-pages/man7/xattr.7.html

export interface ExtendedAttribute {
  readonly name: ByteText;
  readonly value: Uint8Array;
}

/** A file by its path, without following a link at its end, or by a handle that stays the same file. */
export type AttributedFile = { readonly path: Uint8Array } | { readonly fd: number };

/** Numbers of `listxattr`, `getxattr`, `setxattr`, and of the three that do not follow links. */
const systemCalls: Readonly<Partial<Record<NodeJS.Architecture, readonly number[]>>> = {
  x64: [194, 191, 188, 195, 192, 189],
  arm64: [11, 8, 5, 12, 9, 6],
};

/**
 * Node has no calls for them, and Debian's base system has no program but Perl that makes them. A request is a kind, and the number
 * and the texts of what it is about, each with its length before it; an answer is an error number and texts.
 */
const program = `
  use strict; use warnings; binmode STDIN; binmode STDOUT;
  my @calls = @ARGV;
  sub take { my $n = shift; my $got = ""; while (length $got < $n) { sysread(STDIN, $got, $n - length $got, length $got) or exit 0 } $got }
  sub text { take(unpack "N", take(4)) }
  sub answer { my $error = shift; my $out = pack("NN", $error, scalar @_) . join "", map { pack "N/a*", $_ } @_;
    while (length $out) { my $n = syswrite STDOUT, $out or exit 0; substr $out, 0, $n, "" } }
  sub filled { my ($call, @about) = @_; my $none = "";
    for (1 .. 8) {
      my $size = syscall $call, @about, $none, 0; return undef if $size < 0; return "" if $size == 0;
      my $buffer = "\\0" x $size; my $n = syscall $call, @about, $buffer, $size;
      return substr $buffer, 0, $n if $n >= 0; return undef if $! != 34;
    } undef }
  while (1) {
    my $kind = take 1; my @texts = map { text() } 1 .. unpack "N", take 4;
    my ($list, $get, $set) = $kind =~ /[A-Z]/ ? @calls[0 .. 2] : @calls[3 .. 5];
    if ($kind eq "w") { my $at = shift @texts; answer 0, grep { my $names = filled($list, "$at$_"); defined $names && length $names } @texts }
    elsif (lc $kind eq "r") {
      my $names = filled($list, $texts[0]); if (!defined $names) { answer $!+0; next }
      answer 0, map { my $value = filled($get, $texts[0], $_); defined $value ? ($_, $value) : () } split /\\0/, $names;
    } else { my $done = syscall $set, @texts, length $texts[2], 0; answer $done < 0 ? $!+0 : 0 }
  }
`;

/** No attributes here, or none for us. */
const unsupported = { EPERM: 1, ENOTSUP: 95 } as const;
/** Of files that are gone by now. */
const gone = { ENOENT: 2, ENOTDIR: 20 } as const;

/** Reads and writes extended attributes of files, by a program that runs until it is disposed and is started when it is needed. */
export class ExtendedAttributes implements AsyncDisposable {
  #child: ChildProcessByStdio<Writable, Readable, null> | undefined;
  #answers: AsyncIterator<Buffer> | undefined;
  #buffered: Buffer = Buffer.alloc(0);
  #last: Promise<unknown> = Promise.resolve();

  /** Which names in a directory (its path, with a slash at its end) have any. */
  async which(directory: Uint8Array, names: readonly ByteText[]): Promise<ReadonlySet<ByteText>> {
    if (names.length === 0) return new Set();
    const { texts } = await this.#ask("w", [directory, ...names.map(fromByteText)]);
    return new Set(texts.map(toByteText));
  }

  /** None, where there are none or the file is gone. */
  async read(file: AttributedFile): Promise<readonly ExtendedAttribute[]> {
    const { error, texts } = await this.#ask("fd" in file ? "R" : "r", [pathOf(file)]);
    if (isOneOf(error, { ...unsupported, ...gone })) return [];
    if (error !== 0) throw failure("read", error);
    const attributes: ExtendedAttribute[] = [];
    for (let at = 0; at + 1 < texts.length; at += 2) {
      attributes.push({ name: toByteText(texts[at] ?? noBytes), value: texts[at + 1] ?? noBytes });
    }
    return attributes;
  }

  /** What the file system does not take is left out, as by the Engine. */
  async write(file: AttributedFile, attributes: readonly ExtendedAttribute[]): Promise<void> {
    for (const { name, value } of attributes) {
      const kind = "fd" in file ? "S" : "s";
      const { error } = await this.#ask(kind, [pathOf(file), fromByteText(name), value]);
      if (error !== 0 && !isOneOf(error, unsupported)) throw failure(`write ${name}`, error);
    }
  }

  #ask(kind: string, texts: readonly Uint8Array[]): Promise<{ error: number; texts: readonly Uint8Array[] }> {
    const answer = this.#last.then(() => this.#exchange(kind, texts));
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  async #exchange(kind: string, texts: readonly Uint8Array[]) {
    const { stdin } = this.#started();
    const request = [
      Buffer.from(kind),
      number(texts.length),
      ...texts.flatMap((text) => [number(text.length), text]),
    ];
    if (!stdin.write(Buffer.concat(request))) await once(stdin, "drain");
    const error = await this.#number();
    const count = await this.#number();
    const answers: Uint8Array[] = [];
    for (let at = 0; at < count; at += 1) answers.push(await this.#take(await this.#number()));
    return { error, texts: answers };
  }

  #started(): ChildProcessByStdio<Writable, Readable, null> {
    if (this.#child !== undefined) return this.#child;
    const numbers = systemCalls[process.arch];
    if (numbers === undefined)
      throw new EngineError("internal", `extended attributes: unknown on ${process.arch}`);
    const child = spawn("perl", ["-e", program, ...numbers.map(String)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    // What goes wrong is noticed where an answer is missing.
    child.stdin.on("error", () => undefined);
    child.once("error", (error) => child.stdout.destroy(error));
    this.#answers = child.stdout[Symbol.asyncIterator]();
    this.#child = child;
    return child;
  }

  async #number(): Promise<number> {
    return Buffer.from(await this.#take(4)).readUInt32BE();
  }

  async #take(length: number): Promise<Uint8Array> {
    while (this.#buffered.length < length) {
      const next = await this.#next();
      this.#buffered = Buffer.concat([this.#buffered, next]);
    }
    const taken = this.#buffered.subarray(0, length);
    this.#buffered = this.#buffered.subarray(length);
    return taken;
  }

  async #next(): Promise<Buffer> {
    try {
      const next = await this.#answers?.next();
      if (next !== undefined && next.done !== true) return next.value;
    } catch (error) {
      throw new EngineError("internal", `extended attributes: ${messageOf(error)}`, { cause: error });
    }
    throw new EngineError("internal", "extended attributes: perl has ended");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.pid === undefined) return;
    const ended = once(child, "close");
    child.stdin.end();
    child.kill();
    child.stdout.resume();
    await ended;
  }
}

const noBytes = new Uint8Array();

/** Of this process, as another one sees it. */
const pathOf = (file: AttributedFile): Uint8Array =>
  "fd" in file ? Buffer.from(`/proc/${process.pid}/fd/${file.fd}`) : file.path;

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

const isOneOf = (error: number, known: Readonly<Record<string, number>>): boolean =>
  Object.values(known).includes(error);

const failure = (what: string, error: number): EngineError =>
  new EngineError("internal", `${what}: extended attributes: error ${error}`);

const recordPrefix = "SCHILY.xattr.";

/** What a file system writes there for itself means nothing elsewhere. */
const isOwnOfOverlay = (name: ByteText): boolean => /^(?:trusted|user)\.overlay\./.test(name);

/** Those that mean the same on another machine; labels and access lists of this one do not. */
const travels = (name: ByteText): boolean =>
  (/^(?:user|trusted)\./.test(name) && !isOwnOfOverlay(name)) || name === "security.capability";

export const attributeRecords = (attributes: readonly ExtendedAttribute[]): readonly PaxRecord[] =>
  attributes
    .filter(({ name }) => travels(name))
    .map(({ name, value }) => ({ key: `${recordPrefix}${name}`, value }));

export const recordedAttributes = (records: readonly PaxRecord[]): readonly ExtendedAttribute[] =>
  records
    .filter(({ key }) => key.startsWith(recordPrefix))
    .map(({ key, value }) => ({ name: key.slice(recordPrefix.length), value }))
    .filter(({ name }) => !isOwnOfOverlay(name));
