import { describe, expect, it } from "vitest";
import { mergeScopes, scopesFor } from "./scopes.ts";

describe("scopesFor", () => {
  it("asks for both classes where the artifact is a plugin", () => {
    expect(scopesFor("vieux/sshfs", { actions: "pull", resource: "plugin" })).toEqual([
      "repository:vieux/sshfs:pull",
      "repository(plugin):vieux/sshfs:pull",
    ]);
  });

  it("asks for pull too in order to push an image", () => {
    expect(scopesFor("a/b", { actions: "push", resource: "image" })).toEqual(["repository:a/b:pull,push"]);
  });
});

describe("mergeScopes", () => {
  it("names each scope once, sorted", () => {
    expect(
      mergeScopes("repository:z:pull repository:a:pull", ["repository:a:pull", "registry:catalog:*"]),
    ).toEqual(["registry:catalog:*", "repository:a:pull", "repository:z:pull"]);
  });

  it("is what we want where the challenge names none", () => {
    expect(mergeScopes(undefined, ["repository:a:pull"])).toEqual(["repository:a:pull"]);
  });
});
