import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { abortable } from "../../core/abortable.ts";
import { EngineError } from "../../core/errors.ts";
import { searchPath } from "../../linux/run-program.ts";

/**
 * Node has no datagram sockets of the UNIX family; Perl, which is part of Debian's base system, has. A request is the number of entries
 * and each with its length before it; the answer is how many of them were taken, and the error of the one after those, or 0. A journal
 * that was started anew is connected to again.
 */
const program = `
  use strict; use warnings; use Socket; binmode STDIN; binmode STDOUT;
  my ($path) = @ARGV; my $socket; my $forced = 32;
  sub take { my $n = shift; my $got = ""; while (length $got < $n) { sysread(STDIN, $got, $n - length $got, length $got) or exit 0 } $got }
  sub connected { return 1 if $socket;
    my $new; socket($new, AF_UNIX, SOCK_DGRAM, 0) && connect($new, pack_sockaddr_un($path)) or return 0;
    setsockopt($new, SOL_SOCKET, $forced, pack "i", 8 << 20); $socket = $new; 1 }
  sub deliver { my $entry = shift;
    for my $last (0, 1) {
      return 0 if connected() && defined send($socket, $entry, 0);
      my $error = $! + 0; return $error if $last || $error == 90; undef $socket } }
  while (1) {
    my @entries = map { take(unpack "N", take(4)) } 1 .. unpack "N", take 4;
    my ($taken, $error) = (0, 0);
    for (@entries) { last if $error = deliver($_); $taken++ }
    my $out = pack "NN", $taken, $error;
    while (length $out) { my $n = syswrite STDOUT, $out or exit 0; substr $out, 0, $n, "" }
  }
`;

const answerBytes = 8;

export interface Sent {
  readonly taken: number;
  /** The system's error number of the entry after those; 0 for none. */
  readonly error: number;
}

type Child = ChildProcessByStdio<Writable, Readable, null>;

/** Sends entries to the journal's socket by a program that is started when it is needed, and again when it has ended. */
export class JournalSender {
  readonly #socketPath: string;
  #child: Child | undefined;
  #waiting: PromiseWithResolvers<Sent>[] = [];

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  /** In order, until one is not taken. With the signal it rejects at once, whatever becomes of them. */
  async send(entries: readonly Uint8Array[], signal: AbortSignal): Promise<Sent> {
    const child = this.#started();
    const answer = Promise.withResolvers<Sent>();
    // Whoever has asked may have gone.
    answer.promise.catch(() => undefined);
    this.#waiting.push(answer);
    child.stdin.write(
      Buffer.concat([number(entries.length), ...entries.flatMap((entry) => [number(entry.length), entry])]),
    );
    return await abortable(answer.promise, signal, "send to the journal");
  }

  #started(): Child {
    if (this.#child !== undefined) return this.#child;
    const child: Child = spawn("perl", ["-e", program, this.#socketPath], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { PATH: searchPath },
    });
    this.#child = child;
    const waiting: PromiseWithResolvers<Sent>[] = [];
    this.#waiting = waiting;
    const end = (reason: string): void => {
      if (this.#child === child) this.#child = undefined;
      for (const { reject } of waiting.splice(0)) {
        reject(new EngineError("unavailable", `send to the journal: ${reason}`));
      }
    };
    let buffered: Buffer = Buffer.alloc(0);
    child.stdout.on("data", (chunk: Buffer) => {
      buffered = Buffer.concat([buffered, chunk]);
      while (buffered.length >= answerBytes) {
        waiting.shift()?.resolve({ taken: buffered.readUInt32BE(0), error: buffered.readUInt32BE(4) });
        buffered = buffered.subarray(answerBytes);
      }
    });
    // What goes wrong with its input is noticed where its answer is missing.
    child.stdin.on("error", () => undefined);
    child.once("error", (error) => end(error.message));
    child.once("exit", () => end("perl has ended"));
    return child;
  }

  async close(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.pid === undefined) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
