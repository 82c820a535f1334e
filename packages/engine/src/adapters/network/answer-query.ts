import { type Answer, decode, encode, type Packet } from "dns-packet";
import { canonicalAddress } from "../../core/network/cidr.ts";
import type { NameSource } from "../../core/ports/name-servers.ts";
import type { Transport } from "./ask-upstream.ts";

/** Short: containers come and go. */
const ttlSeconds = 600;

const authoritative = 1 << 10;
const recursionAvailable = 1 << 7;
const recursionDesired = 1 << 8;
const codes = { serverFailure: 2, refused: 5 } as const;

export interface QueryContext {
  readonly source: NameSource;
  readonly transport: Transport;
  /** Asks a server outside; undefined if it does not answer in time. */
  readonly ask: (server: string, query: Buffer, transport: Transport) => Promise<Buffer | undefined>;
}

/** The answer to one query as it came; undefined for what is none. */
export async function answerQuery(query: Buffer, context: QueryContext): Promise<Buffer | undefined> {
  const packet = decoded(query);
  if (packet === undefined || packet.type !== "query") return undefined;
  const own = ownAnswers(packet, context.source);
  if (own !== undefined) return reply(packet, { answers: own, flags: authoritative });
  for (const server of await context.source.upstreams()) {
    const answer = await context.ask(server, query, context.transport);
    // Of another query, or none at all.
    if (answer !== undefined && answer.length > 2 && answer.readUInt16BE(0) === query.readUInt16BE(0))
      return answer;
  }
  const isKnownToNobody = (await context.source.upstreams()).length === 0;
  return reply(packet, { answers: [], flags: isKnownToNobody ? codes.refused : codes.serverFailure });
}

function decoded(query: Buffer): Packet | undefined {
  try {
    return decode(query);
  } catch {
    return undefined;
  }
}

/** Undefined if it is not for this server to say. */
function ownAnswers({ questions = [] }: Packet, source: NameSource): Answer[] | undefined {
  const [question] = questions;
  if (question === undefined || questions.length > 1) return undefined;
  const { type, name } = question;
  if (type === "PTR") {
    const address = reversedAddress(name);
    const names = address === undefined ? undefined : source.names(address);
    return names?.map((data) => ({ type: "PTR", name, ttl: ttlSeconds, data }));
  }
  const family = type === "AAAA" ? 6 : 4;
  const addresses = source.addresses(name, family);
  if (addresses === undefined) return undefined;
  if (type !== "A" && type !== "AAAA") return [];
  return rotated(addresses).map((data) => ({ type, name, ttl: ttlSeconds, data }));
}

/** So that each of several that share a name gets its share. */
function rotated(addresses: readonly string[]): readonly string[] {
  const start = Math.floor(Math.random() * addresses.length);
  return [...addresses.slice(start), ...addresses.slice(0, start)];
}

/** `2.0.18.172.in-addr.arpa`, and 32 digits with `ip6.arpa`. */
function reversedAddress(name: string): string | undefined {
  const labels = name.toLowerCase().split(".");
  if (name.toLowerCase().endsWith(".in-addr.arpa") && labels.length === 6) {
    return labels.slice(0, 4).reverse().join(".");
  }
  if (!name.toLowerCase().endsWith(".ip6.arpa") || labels.length !== 34) return undefined;
  const digits = labels.slice(0, 32).reverse().join("");
  return canonicalAddress(digits.match(/.{4}/g)?.join(":") ?? "");
}

function reply(
  packet: Packet,
  { answers, flags }: { readonly answers: Answer[]; readonly flags: number },
): Buffer {
  return encode({
    type: "response",
    id: packet.id ?? 0,
    flags: flags | recursionAvailable | ((packet.flags ?? 0) & recursionDesired),
    questions: packet.questions ?? [],
    answers,
  });
}
