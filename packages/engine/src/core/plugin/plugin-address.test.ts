import { expect, test } from "vitest";
import { isLoopback, parsePluginAddress } from "./plugin-address.ts";

test.each([
  ["unix:///run/x.sock", { socketPath: "/run/x.sock" }],
  ["UNIX:///run/with space", { socketPath: "/run/with space" }],
  ["tcp://localhost:8080", { origin: "http://localhost:8080" }],
  ["tcp://[::1]:8080/ignored?x#y", { origin: "http://[::1]:8080" }],
  ["http://10.0.0.1", { origin: "http://10.0.0.1" }],
  ["https://plugins.example.org:443/", { origin: "https://plugins.example.org:443" }],
])("%s is %j", (text, address) => {
  expect(parsePluginAddress(text)).toEqual(address);
});

test.each([
  ["", "expected unix:///PATH"],
  ["localhost:8080", "expected unix:///PATH"],
  ["/run/x.sock", "expected unix:///PATH"],
  ["unix://x.sock", "must be absolute"],
  ["unix:///", "must be absolute"],
  [`unix:///${"x".repeat(107)}`, "107 bytes at most"],
  ["npipe:////./pipe/x", "unknown protocol npipe"],
  ["ftp://host", "unknown protocol ftp"],
  ["tcp://", "no host"],
  ["tcp://:80", "no valid host"],
  ["tcp://host:", "no valid port"],
  ["tcp://host:0", "no valid port"],
  ["tcp://host:65536", "no valid port"],
  ["tcp://ho st:80", "no valid host"],
  ["tcp://a:b:80", "no valid host"],
  ["http://user:secret@host", "a user cannot be part of it"],
])("%j is no address: %s", (text, reason) => {
  expect(() => parsePluginAddress(text)).toThrow(reason);
});

test.each([
  ["https://localhost:8080", true],
  ["https://p.localhost", true],
  ["https://127.1.2.3:443", true],
  ["https://[::1]:443", true],
  ["https://127.0.0.1.example.org", false],
  ["https://localhost.example.org", false],
  ["https://notlocalhost", false],
  ["https://10.0.0.1:443", false],
])("whether %s is of this host: %s", (origin, expected) => {
  expect(isLoopback(origin)).toBe(expected);
});
