import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { EngineError, messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/ports/logger.ts";
import { type NameServers, type NameSource, nameServerAddress } from "../../core/ports/name-servers.ts";
import { searchPath, startFailure } from "../../linux/run-program.ts";
import { answerQuery } from "./answer-query.ts";
import { askUpstream, firstMessage, framed, type Transport } from "./ask-upstream.ts";

export interface SocatNameServersOptions {
  /** Where the sockets are that lead from sandboxes to this process; a short path. */
  readonly dir: string;
  readonly logger: Logger;
}

/** One beside that of DNS, so that a container's own server may have that. */
const hiddenPort = 30_011;
/** Past that many at once, queries of one sandbox are dropped: each holds a process of the host's until it is answered. */
const mostQueries = 64;
const longestQueryBytes = 65_535;

/**
 * A thread enters a namespace, and Node has no call for it: socat listens in the sandbox and hands each query on to a socket of this
 * process. It ends with the process, as the servers of Docker Engine do, and the next engine starts its own.
 *
 * Queries to port 53 are led to another port, where the sandbox has iptables: what the container itself listens on stays free.
 */
const script = `
port=${hiddenPort}
iptables --wait --table nat --check OUTPUT -d ${nameServerAddress} -p udp --dport 53 -j DNAT --to-destination ${nameServerAddress}:$port 2>/dev/null ||
iptables-restore --wait --noflush 2>/dev/null <<END || port=53
*nat
-A OUTPUT -d ${nameServerAddress} -p udp --dport 53 -j DNAT --to-destination ${nameServerAddress}:$port
-A OUTPUT -d ${nameServerAddress} -p tcp --dport 53 -j DNAT --to-destination ${nameServerAddress}:$port
COMMIT
END
setpriv --pdeathsig KILL socat -d -d TCP4-LISTEN:$port,bind=${nameServerAddress},reuseaddr,fork,max-children=16 "UNIX-CONNECT:$1.tcp" &
exec socat -d -d -t 10 -T 10 UDP4-RECVFROM:$port,bind=${nameServerAddress},fork "UNIX-CONNECT:$1.udp"
`;

interface Running {
  readonly servers: readonly Server[];
  readonly relay: ChildProcess;
}

export class SocatNameServers implements NameServers {
  readonly #dir: string;
  readonly #logger: Logger;
  readonly #running = new Map<string, Promise<Running>>();

  constructor({ dir, logger }: SocatNameServersOptions) {
    this.#dir = dir;
    this.#logger = logger;
  }

  async start(id: string, sandboxKey: string, source: NameSource): Promise<void> {
    const known = this.#running.get(id) ?? this.#start(id, sandboxKey, source);
    this.#running.set(id, known);
    try {
      await known;
    } catch (error) {
      if (this.#running.get(id) === known) this.#running.delete(id);
      throw error;
    }
  }

  async #start(id: string, sandboxKey: string, source: NameSource): Promise<Running> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 });
    const path = this.#path(id);
    const servers: Server[] = [];
    try {
      for (const transport of ["udp", "tcp"] as const) {
        await rm(`${path}.${transport}`, { force: true });
        servers.push(
          await listen(`${path}.${transport}`, (socket, busy) => {
            if (busy > mostQueries) socket.destroy();
            else this.#serve(socket, transport, source);
          }),
        );
      }
      return { servers, relay: await startRelay(sandboxKey, path) };
    } catch (error) {
      for (const server of servers) server.close();
      throw error;
    }
  }

  #path(id: string): string {
    return `${this.#dir}/${id.slice(0, 12)}`;
  }

  #serve(socket: Socket, transport: Transport, source: NameSource): void {
    const answer = async (query: Buffer): Promise<Buffer | undefined> => {
      try {
        return await answerQuery(query, { source, transport, ask: askUpstream });
      } catch (error) {
        this.#logger.warn({ reason: messageOf(error) }, "a container's query for a name was not answered");
        return undefined;
      }
    };
    // It may be gone by the time there is an answer.
    socket.on("error", () => socket.destroy());
    if (transport === "udp") serveDatagram(socket, answer);
    else serveStream(socket, answer);
  }

  async stop(id: string): Promise<void> {
    const running = this.#running.get(id);
    if (running === undefined) return;
    this.#running.delete(id);
    // One that did not start has told whoever wanted it.
    const started = await running.catch(() => undefined);
    if (started === undefined) return;
    const { servers, relay } = started;
    const ended = new Promise((resolve) => relay.once("exit", resolve));
    if (relay.exitCode === null && relay.signalCode === null) {
      relay.kill("SIGKILL");
      await ended;
    }
    for (const server of servers) server.close();
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#running.keys()].map((id) => this.stop(id)));
  }
}

type AnswerQuery = (query: Buffer) => Promise<Buffer | undefined>;

/** One datagram, up to the end of what is sent. */
function serveDatagram(socket: Socket, answer: AnswerQuery): void {
  const parts: Buffer[] = [];
  socket.on("data", (bytes) => parts.push(bytes));
  socket.once("end", () => {
    void answer(Buffer.concat(parts)).then((reply) =>
      reply === undefined ? socket.end() : socket.end(reply),
    );
  });
}

/** One query after the other. */
function serveStream(socket: Socket, answer: AnswerQuery): void {
  let received: Buffer = Buffer.alloc(0);
  let busy = Promise.resolve();
  socket.on("data", (bytes) => {
    received = Buffer.concat([received, bytes]);
    if (received.length > longestQueryBytes + 2) socket.destroy();
    for (let next = firstMessage(received); next !== undefined; next = firstMessage(received)) {
      const { message, rest } = next;
      received = rest;
      busy = busy.then(async () => {
        const reply = await answer(message);
        if (reply === undefined) socket.destroy();
        else socket.write(framed(reply));
      });
    }
  });
  socket.once("end", () => void busy.then(() => socket.end()));
}

/** `accept` is told how many connections there are. */
function listen(path: string, accept: (socket: Socket, busy: number) => void): Promise<Server> {
  return new Promise((resolve, reject) => {
    let busy = 0;
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      busy += 1;
      socket.once("close", () => {
        busy -= 1;
      });
      accept(socket, busy);
    });
    server.once("error", reject);
    server.listen(path, () => {
      // Neither it nor its clients keep the process from ending.
      server.unref();
      resolve(server);
    });
  });
}

/** Resolves once both of its sockets listen. */
function startRelay(sandboxKey: string, path: string): Promise<ChildProcess> {
  const enter = ["--pdeathsig", "KILL", "nsenter", `--net=${sandboxKey}`];
  const relay = spawn("setpriv", [...enter, "sh", "-c", script, "names", path], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { PATH: searchPath },
  });
  const said: string[] = [];
  return new Promise((resolve, reject) => {
    let listening = 0;
    relay.once("error", (error) => reject(startFailure("setpriv", error)));
    relay.once("exit", (code) => {
      reject(
        new EngineError(
          "internal",
          `start name server: exit code ${String(code)}: ${said.slice(-3).join("; ")}`,
        ),
      );
    });
    // Read to its end, since whoever cannot write any more is killed.
    createInterface({ input: relay.stderr }).on("line", (line) => {
      if (said.length < 20) said.push(line);
      if (/ N (receiving|listening) on /.test(line)) listening += 1;
      if (listening === 2) resolve(relay);
    });
  });
}
