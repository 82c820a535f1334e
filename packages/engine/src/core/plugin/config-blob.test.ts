import { describe, expect, it } from "vitest";
import { encodePluginConfig, parsePluginConfig } from "./config-blob.ts";

const parse = (text: string) =>
  parsePluginConfig(new TextEncoder().encode(text), "failed to parse config").config;

describe("a plugin's configuration", () => {
  it("is read with keys in any case, null lists and unknown keys", () => {
    const config = parse(
      '{"entrypoint":["/x"],"ENV":null,"propagatedmount":"/mnt","interface":{"types":["docker.volumedriver/1.0"],"socket":"x.sock"},"surprise":1}',
    );
    expect(config.Entrypoint).toEqual(["/x"]);
    expect(config.Env).toEqual([]);
    expect(config.PropagatedMount).toBe("/mnt");
    expect(config).not.toHaveProperty("surprise");
  });

  it("tells the keys that mean nothing, wherever they stand", () => {
    const text =
      '{"entrypoint":["/x"],"surprise":1,"env":[{"name":"A","sttable":["value"]}],"Linux":{"Caps":[]},"DockerVersion":"20","Args":null}';
    expect(parsePluginConfig(new TextEncoder().encode(text), "x").unknownKeys).toEqual([
      "surprise",
      "env.0.sttable",
      "Linux.Caps",
    ]);
  });

  it("is stored with canonical keys in the wire's order, Go's escapes and a final newline", () => {
    const text = new TextDecoder().decode(
      encodePluginConfig(parse('{"description":"a<b","env":[{"name":"X"}]}')),
    );
    expect(text.endsWith("\n")).toBe(true);
    expect(text).toContain('"Description":"a\\u003cb"');
    expect(text).toContain('"Value":null');
    expect(Object.keys(JSON.parse(text))).toEqual([
      "Args",
      "Description",
      "Documentation",
      "Entrypoint",
      "Env",
      "Interface",
      "IpcHost",
      "Linux",
      "Mounts",
      "Network",
      "PidHost",
      "PropagatedMount",
      "User",
      "WorkDir",
    ]);
  });

  it.each([
    ["{", "failed to parse config: "],
    ["[]", "failed to parse config: expected a JSON object"],
    ['{"Entrypoint":"/x"}', "failed to parse config: Entrypoint: "],
    ['{"Env":[{"Name":1}]}', "failed to parse config: Env.0.Name: "],
    ['{"Interface":{"Socket":"../x.sock"}}', "Interface.Socket: expected a file name"],
    ['{"User":{"UID":-1}}', "User.UID"],
  ])("refuses %s, naming the field", (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });
});
