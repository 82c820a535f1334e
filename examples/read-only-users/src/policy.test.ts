import type { AuthorizationRequest } from "@davit/sdk";
import { describe, expect, it } from "vitest";
import { policyOf, ReadOnlyUsers } from "./policy.ts";

const asked = (user: string | undefined, line: string, certificates = user === undefined ? [] : ["PEM"]) => {
  const [method = "", path = ""] = line.split(" ");
  const request: AuthorizationRequest = {
    user,
    certificates,
    method,
    path,
    version: "1.41",
    query: new URLSearchParams(),
    headers: {},
    body: undefined,
  };
  return request;
};
const allows = (policy: ReadOnlyUsers, request: AuthorizationRequest): boolean =>
  policy.authorizeRequest(request).allow;

const acts = [
  "POST /containers/create",
  "POST /containers/c/exec",
  "GET /containers/c/attach/ws",
  "GET /containers/c/archive",
  "HEAD /containers/c/archive",
  "GET /containers/c/export",
  "GET /containers/c/top",
  "GET /images/a/b/get",
  "GET /images/get",
  "GET /plugins/a/b/export",
  "GET /plugins/privileges",
  "POST /auth",
  "DELETE /volumes/v",
  "PUT /containers/c/archive",
  "get /volumes",
];
const reads = [
  "GET /_ping",
  "HEAD /_ping",
  "GET /version",
  "GET /containers/json",
  "GET /containers/c/json",
  "GET /containers/c/logs",
  "GET /images/localhost:5000/a/b:1/json",
  "GET /volumes",
  "GET /volumes/v",
  "GET /networks/n",
  "GET /plugins",
  "GET /plugins/acme/p:latest/json",
  "GET /events",
];

describe("a policy with the admin alice", () => {
  const policy = new ReadOnlyUsers(policyOf({ ADMINS: " alice, ,carol" }));

  it.each(acts)("lets alice and the UNIX socket %s, and bob not", (line) => {
    expect(allows(policy, asked("alice", line))).toBe(true);
    expect(allows(policy, asked(undefined, line))).toBe(true);
    expect(allows(policy, asked("bob", line))).toBe(false);
  });

  it.each(reads)("lets everybody %s", (line) => {
    for (const user of ["alice", "bob", undefined]) expect(allows(policy, asked(user, line))).toBe(true);
  });

  it("lets a certificate without a name do nothing", () => {
    expect(allows(policy, asked(undefined, "GET /_ping", ["PEM"]))).toBe(false);
  });

  it("says who may not do what", () => {
    expect(policy.authorizeRequest(asked("bob", "DELETE /volumes/v"))).toEqual({
      allow: false,
      reason: "user bob may not DELETE /volumes/v",
    });
  });
});

it.each([
  ["read", "GET /volumes", true],
  ["read", "POST /volumes/create", false],
  ["nothing", "GET /volumes", false],
])("clients without a certificate are held to %s", (local, line, allowed) => {
  expect(allows(new ReadOnlyUsers(policyOf({ LOCAL: local })), asked(undefined, line))).toBe(allowed);
});

it("a wrong setting ends the plugin before it serves", () => {
  expect(() => policyOf({ LOCAL: "everything" })).toThrow("expected all, read or nothing");
});
