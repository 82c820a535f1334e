import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FreePorts } from "./free-ports.ts";

const ports = new FreePorts();
const none = (): boolean => false;
let server: Server;
let used: number;

beforeEach(async () => {
  server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  used = typeof address === "object" && address !== null ? address.port : 0;
});
afterEach(() => void server.close());

const choose = (first: number, last: number, taken: (port: number) => boolean = none) =>
  ports.choose({ protocol: "tcp", hostAddress: "127.0.0.1", hostPorts: { first, last } }, taken);

test("a port that somebody listens on is not chosen", async () => {
  await expect(choose(used, used)).rejects.toThrow(
    `Bind for 127.0.0.1:${used} failed: listen tcp 127.0.0.1:${used}: bind: address already in use`,
  );
});

test("a port that is taken is passed over, and named if there is no other", async () => {
  await expect(choose(1, 1, () => true)).rejects.toThrow(
    "Bind for 127.0.0.1:1 failed: port is already allocated",
  );
});

test.each(["tcp", "udp", "sctp"] as const)("any port of %s will do where none is named", async (protocol) => {
  const seen: number[] = [];
  const chosen = await ports.choose({ protocol }, (port) => seen.push(port) === 1);
  expect(chosen).toBeGreaterThan(0);
  expect(seen).toHaveLength(2);
});
