import { expect, test } from "vitest";
import { parseExpose, parsePublish } from "./port-option.ts";

const shown = (text: string): string[] =>
  parsePublish(text).map(({ inside, HostIp, HostPort }) => `${HostIp}|${HostPort}|${inside}`);

test.each([
  ["80", ["||80/tcp"]],
  ["8080:80", ["|8080|80/tcp"]],
  ["127.0.0.1:8080:80/udp", ["127.0.0.1|8080|80/udp"]],
  ["127.0.0.1::80", ["127.0.0.1||80/tcp"]],
  ["[::1]:8080:80", ["::1|8080|80/tcp"]],
  ["[::1]::80", ["::1||80/tcp"]],
  ["8000-8001:80-81", ["|8000|80/tcp", "|8001|81/tcp"]],
  ["8000-8010:80", ["|8000-8010|80/tcp"]],
])("-p %s publishes %j", (text, expected) => {
  expect(shown(text)).toEqual(expected);
});

test.each([
  ["80/x", "invalid proto: x"],
  ["a:80", "invalid containerPort: a:80"],
  ["80:a", "invalid containerPort: 80:a"],
  ["80-82:1-2", "invalid ranges specified"],
  ["1:70000", "invalid containerPort"],
  ["", "no port specified"],
])("-p %s is refused", (text, message) => {
  expect(() => parsePublish(text)).toThrow(message);
});

test("--expose takes ranges, and no host's port", () => {
  expect(parseExpose("80-81/udp")).toEqual(["80/udp", "81/udp"]);
  expect(() => parseExpose("1:2")).toThrow("invalid port format for --expose");
});
