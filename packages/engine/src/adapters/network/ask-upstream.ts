import { createSocket } from "node:dgram";
import { connect } from "node:net";
import { familyOf } from "../../core/network/cidr.ts";

export type Transport = "udp" | "tcp";

const timeoutMs = 4000;
const dnsPort = 53;

/** Asks one name server of the host's world; undefined if it does not answer in time. */
export function askUpstream(
  server: string,
  query: Buffer,
  transport: Transport,
): Promise<Buffer | undefined> {
  return transport === "udp" ? askByDatagram(server, query) : askByStream(server, query);
}

function askByDatagram(server: string, query: Buffer): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(familyOf(server) === 6 ? "udp6" : "udp4");
    const timer = setTimeout(() => finish(undefined), timeoutMs);
    const finish = (answer: Buffer | undefined): void => {
      clearTimeout(timer);
      socket.close();
      resolve(answer);
    };
    socket.once("error", () => finish(undefined));
    socket.once("message", finish);
    // Connected, so that nobody else's datagram is taken for the answer. It emits a failure, too.
    socket.once("connect", () => socket.send(query));
    socket.connect(dnsPort, server);
  });
}

/** Each message after its length, in two bytes. */
function askByStream(server: string, query: Buffer): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: server, port: dnsPort, timeout: timeoutMs });
    let received: Buffer = Buffer.alloc(0);
    const finish = (answer: Buffer | undefined): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.on("connect", () => socket.write(framed(query)));
    socket.on("data", (bytes) => {
      received = Buffer.concat([received, bytes]);
      const message = firstMessage(received);
      if (message !== undefined) finish(message.message);
    });
    for (const event of ["error", "timeout", "end"]) socket.once(event, () => finish(undefined));
  });
}

export function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

/** The first whole message of what has come so far, and the rest. */
export function firstMessage(bytes: Buffer): { readonly message: Buffer; readonly rest: Buffer } | undefined {
  if (bytes.length < 2) return undefined;
  const end = 2 + bytes.readUInt16BE(0);
  return bytes.length < end ? undefined : { message: bytes.subarray(2, end), rest: bytes.subarray(end) };
}
