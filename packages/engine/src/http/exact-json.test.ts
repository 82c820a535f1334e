import { containerCreateBodySchema, privilegesSchema } from "@davit/protocol";
import { assert, json, property } from "fast-check";
import { describe, expect, test } from "vitest";
import { misspeltMember, repeatedMember } from "./exact-json.ts";

describe("a member that is given twice", () => {
  test.each([
    ['{"a":1,"a":2}', "a"],
    ['{"a":1,"\\u0061":2}', "a"],
    ['{"b":{"x":1},"c":[{"a":1},{"a":2, "a" : 3}]}', "a"],
    ['{"HostConfig":{"Privileged":false},"HostConfig":{"Privileged":true}}', "HostConfig"],
    ['{"a\\"":1,"a\\"":2}', 'a"'],
    ['{"__proto__":1,"__proto__":2}', "__proto__"],
  ])("of %s is %s", (text, name) => {
    expect(repeatedMember(text)).toBe(name);
  });

  test.each(['{"a":{"a":1},"b":"a"}', '[{"a":1},{"a":1}]', '{"a":"\\"a\\":1,\\"a\\":","b":"a"}', '"a"', "7"])(
    "is none of %s",
    (text) => {
      expect(repeatedMember(text)).toBeUndefined();
    },
  );

  test("is none of whatever JSON.stringify writes", () => {
    assert(
      property(json(), json({ maxDepth: 4 }), (one, other) => {
        expect(repeatedMember(JSON.stringify(JSON.parse(one)))).toBeUndefined();
        expect(repeatedMember(`{"x":${other},"y":1,"x":0}`)).toBeDefined();
      }),
    );
  });
});

describe("a member that is spelt otherwise", () => {
  test.each([
    [{ hostconfig: { Privileged: true } }, "hostconfig"],
    [{ HostConfig: { privileged: true } }, "privileged"],
    [{ HostConfig: {}, "Ho\u017FtConfig": {} }, "Ho\u017FtConfig"],
    [{ HostConfig: { NetworkMode: "none", "Networ\u212AMode": "host" } }, "Networ\u212AMode"],
    [{ HostConfig: { Mounts: [{ Type: "bind", source: "/" }] } }, "source"],
    [{ HostConfig: { PortBindings: { "80/tcp": [{ hostport: "1" }] } } }, "hostport"],
    [{ NetworkingConfig: { EndpointsConfig: { bridge: { ipamconfig: {} } } } }, "ipamconfig"],
  ])("of %j is %s", (body, written) => {
    expect(misspeltMember(containerCreateBodySchema, body)?.written).toBe(written);
  });

  test("is found in lists of objects", () => {
    expect(misspeltMember(privilegesSchema, [{ Name: "network" }, { name: "mount" }])).toEqual({
      meant: "Name",
      written: "name",
    });
  });

  test("is none where names are the client's own, or are not read at all", () => {
    const body = {
      Image: "busybox",
      Labels: { image: "a", Image: "b" },
      HostConfig: { Binds: ["/a:/b"], LogConfig: { Type: "json-file", Config: { type: "x" } } },
      Unknown: { hostconfig: 1 },
    };
    expect(misspeltMember(containerCreateBodySchema, body)).toBeUndefined();
    for (const value of [null, 7, "x", [], undefined]) {
      expect(misspeltMember(containerCreateBodySchema, value)).toBeUndefined();
    }
  });
});
