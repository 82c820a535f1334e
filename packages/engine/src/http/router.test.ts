import { expect, test } from "vitest";
import { reply } from "./reply.ts";
import type { Method, Route } from "./route.ts";
import { createRouter } from "./router.ts";

const route = (method: Method, path: string): Route => ({
  method,
  path,
  handle: () => Promise.resolve(reply.empty(204)),
});

const router = createRouter([
  route("GET", "/plugins/{name:.*}/json"),
  route("GET", "/plugins/privileges"),
  route("GET", "/plugins"),
  route("POST", "/plugins/{name:.*}/set"),
  route("DELETE", "/plugins/{name:.*}"),
  route("GET", "/volumes/{name:.*}"),
  route("GET", "/containers/{id}/json"),
]);

const summary = (method: string, path: string): unknown => {
  const match = router(method, path);
  if (match.kind === "redirect") return `-> ${match.path}`;
  if (match.kind !== "found") return match.kind;
  return [match.route.path, match.params, match.version?.toString()];
};

test.each([
  ["GET", "/plugins", ["/plugins", {}, undefined]],
  ["GET", "/v1.41/plugins", ["/plugins", {}, "1.41"]],
  ["GET", "/plugins/privileges", ["/plugins/privileges", {}, undefined]],
  [
    "GET",
    "/plugins/vieux/sshfs:latest/json",
    ["/plugins/{name:.*}/json", { name: "vieux/sshfs:latest" }, undefined],
  ],
  ["GET", "/v1.51/plugins/a%2Fb%3Ac/json", ["/plugins/{name:.*}/json", { name: "a/b:c" }, "1.51"]],
  ["GET", "/plugins/json/json/json", ["/plugins/{name:.*}/json", { name: "json/json" }, undefined]],
  [
    "DELETE",
    "/plugins/localhost:5000/a/b",
    ["/plugins/{name:.*}", { name: "localhost:5000/a/b" }, undefined],
  ],
  ["DELETE", "/plugins/privileges", ["/plugins/{name:.*}", { name: "privileges" }, undefined]],
  ["GET", "/containers/x/json", ["/containers/{id}/json", { id: "x" }, undefined]],
])("%s %s is routed", (method, path, expected) => {
  expect(summary(method, path)).toEqual(expected);
});

test.each([
  ["PUT", "/plugins"],
  ["POST", "/plugins/privileges"],
  ["GET", "/"],
  ["GET", "/plugins/"],
  ["GET", "/volumes/"],
  ["GET", "/v1/plugins"],
  ["GET", "/v1.2.3/plugins"],
  ["GET", "/containers/a/b/json"],
])("%s %s is not found", (method, path) => {
  expect(summary(method, path)).toBe("not-found");
});

test.each([
  ["//plugins", "-> /plugins"],
  ["/v1.41//plugins/a/json", "-> /v1.41/plugins/a/json"],
  ["/plugins/../volumes/x", "-> /volumes/x"],
  ["/plugins/a%2F%2Fb/json", "-> /plugins/a/b/json"],
  ["/plugins//", "-> /plugins/"],
])("%s is redirected to its shortest form", (path, expected) => {
  expect(summary("GET", path)).toBe(expected);
});

test("a broken escape is told apart from an unknown path", () => {
  expect(summary("GET", "/plugins/%zz/json")).toBe("undecodable");
});
