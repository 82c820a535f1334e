import type { Digest } from "@davit/protocol";
import { imageConfigSchema, indexSchema } from "@davit/protocol";
import { expect, test } from "vitest";
import { chainIds } from "./chain-id.ts";
import { applyChanges } from "./changes.ts";
import { selectImages } from "./filters.ts";
import { manifestForPlatform, parsePlatform } from "./platform.ts";
import type { ImageRecord } from "./record.ts";
import { moveTag, resolveImage, tagName } from "./resolve.ts";

const digest = (start: string): Digest => `sha256:${start.padEnd(64, "0")}`;
const image = (id: string, tags: string[], repoDigests: string[] = []): ImageRecord => ({
  id: digest(id),
  createdAt: `2026-01-0${id.charAt(0)}T00:00:00Z`,
  layers: [],
  layerBlobs: [],
  sizeBytes: 0,
  blobs: [],
  tags,
  repoDigests,
});
const one = image("1a", ["busybox:latest", "host:5000/x/y:v1"], [`host:5000/x/y@${digest("9")}`]);
const two = image("1b", []);
const all = [one, two];

test.each([
  ["busybox", one, "busybox:latest"],
  ["docker.io/library/busybox:latest", one, "busybox:latest"],
  ["host:5000/x/y:v1", one, "host:5000/x/y:v1"],
  [`host:5000/x/y@${digest("9")}`, one, `host:5000/x/y@${digest("9")}`],
  [digest("1b"), two, undefined],
  [digest("1b").slice(7), two, undefined],
  ["1b0", two, undefined],
  ["sha256:1b", two, undefined],
])("finds %s", (typed, image, reference) => {
  expect(resolveImage(typed, all)).toEqual({ image, reference });
});

test.each([
  ["nosuch", "No such image: nosuch:latest"],
  ["a/b:v1", "No such image: a/b:v1"],
  [digest("5"), `No such image: ${digest("5")}`],
  ["1", "multiple IDs found with provided prefix: sha256:1"],
  ["UPPER", "invalid reference format"],
])("does not find %s", (typed, message) => {
  expect(() => resolveImage(typed, all)).toThrow(message);
});

test("a tag belongs to one image", () => {
  const changed = moveTag("busybox:latest", two, all);
  expect(changed.map(({ id, tags }) => [id, tags])).toEqual([
    [one.id, ["host:5000/x/y:v1"]],
    [two.id, ["busybox:latest"]],
  ]);
  expect(tagName("x", "")).toBe("x:latest");
  expect(() => tagName(`x@${digest("1")}`, "")).toThrow("refusing to create a tag with a digest reference");
});

const config = imageConfigSchema.parse({ rootfs: { type: "layers" }, config: { Labels: { a: "1" } } });
const select = (filters: Record<string, string[]>) =>
  selectImages(
    [image("1", ["a/b:v1", "c:v2"]), image("2", [])].map((record) => ({ record, config })),
    new Map(Object.entries(filters)),
  ).map(({ record }) => record.tags);

test.each([
  [{}, [[], ["a/b:v1", "c:v2"]]],
  [{ reference: ["c"] }, [["c:v2"]]],
  [{ reference: ["*"] }, [["c:v2"]]],
  [{ reference: ["*/b:v?"] }, [["a/b:v1"]]],
  [{ dangling: ["true"] }, [[]]],
  [{ dangling: ["0"] }, [["a/b:v1", "c:v2"]]],
  [{ label: ["a=2"] }, []],
  [{ since: ["c:v2"] }, [[]]],
])("the filter %j selects %j", (filters, tags) => {
  expect(select(filters)).toEqual(tags);
});

test("an unknown filter is refused", () => {
  expect(() => select({ odd: ["1"] })).toThrow("invalid filter 'odd'");
  expect(() => select({ dangling: ["maybe"] })).toThrow("invalid filter 'dangling=[maybe]'");
});

test("changes are Dockerfile instructions", () => {
  expect(
    applyChanges({ Env: ["A=old", "B=1"] }, [
      'CMD ["a", "b"]',
      "entrypoint run it",
      'ENV A=new C="two words" D=x\\ y',
      "ENV E old style",
      "WORKDIR /srv\nWORKDIR sub",
      "USER app:app",
      'LABEL k="v" l=',
      "EXPOSE 80 53/UDP",
      'VOLUME ["/v"]',
      "STOPSIGNAL SIGINT",
      "# nothing",
    ]),
  ).toEqual({
    Cmd: ["a", "b"],
    Entrypoint: ["/bin/sh", "-c", "run it"],
    Env: ["B=1", "A=new", "C=two words", "D=x y", "E=old style"],
    WorkingDir: "/srv/sub",
    User: "app:app",
    Labels: { k: "v", l: "" },
    ExposedPorts: { "80/tcp": {}, "53/udp": {} },
    Volumes: { "/v": {} },
    StopSignal: "SIGINT",
  });
});

test.each([
  ["ADD x /", "add is not a valid change command"],
  ["CMD", "CMD requires at least one argument"],
  ["LABEL x", "LABEL must have two arguments"],
  ["EXPOSE x", "invalid containerPort: x"],
  ["ENV A='x", "unexpected end of statement"],
])("the change '%s' is refused", (change, message) => {
  expect(() => applyChanges({}, [change])).toThrow(message);
});

const platform = (architecture: string, os = "linux") => ({ os, architecture });
const index = indexSchema.parse({
  schemaVersion: 2,
  manifests: ["arm64", "amd64"].map((architecture, at) => ({
    mediaType: "m",
    digest: digest(`${at}`),
    size: 1,
    platform: platform(architecture),
  })),
});

test("an index is searched for the platform", () => {
  expect(manifestForPlatform(index, platform("amd64")).digest).toBe(digest("1"));
  expect(() => manifestForPlatform(index, platform("s390x"))).toThrow(
    "no matching manifest for linux/s390x in the manifest list entries",
  );
  expect(parsePlatform("linux", platform("amd64"))).toEqual(platform("amd64"));
  expect(parsePlatform("linux/arm/v7", platform("amd64"))).toEqual({ ...platform("arm"), variant: "v7" });
  expect(() => parsePlatform("lin ux", platform("amd64"))).toThrow('"lin ux" is an invalid component');
});

test("chain IDs name each layer with all below it", async () => {
  // echo -n "sha256:aa0…0 sha256:bb0…0" | sha256sum
  expect(await chainIds([])).toEqual([]);
  const [first, second] = await chainIds([digest("aa"), digest("bb")]);
  expect(first).toBe(digest("aa"));
  expect(second).toBe("sha256:984b64af5578dd4f974f8db59ec0625d92de466560808d74276e4e7f936c1826");
});
