import { mountRequestSchema } from "@davit/protocol";
import { expect, test } from "vitest";
import { parseBind, parseMount, planMounts } from "./planned-mount.ts";

const bind = (text: string) => parseBind(text, "").mount;

test.each([
  [
    "/src:/dst",
    { type: "bind", source: "/src", destination: "/dst", readOnly: false, propagation: "rprivate" },
  ],
  ["/src/../x/:/dst/", { type: "bind", source: "/x", destination: "/dst" }],
  ["/src:/dst:ro,rslave", { readOnly: true, propagation: "rslave", mode: "ro,rslave" }],
  ["/src:/dst:rw", { readOnly: false, mode: "rw" }],
  ["vol:/data", { type: "volume", volume: "vol", destination: "/data", mode: "z", anonymous: false }],
  ["vol:/data:ro", { type: "volume", readOnly: true, mode: "ro", propagation: "" }],
  ["/data", { type: "volume", volume: "", destination: "/data", mode: "", anonymous: true }],
])("-v %s is understood", (text, expected) => {
  expect(bind(text)).toMatchObject(expected);
});

test.each([
  [":/dst", "invalid volume specification: ':/dst'"],
  ["", "invalid volume specification: ''"],
  ["/dst:ro", "invalid volume specification: '/dst:ro'"],
  ["a:/b:ro:c", "invalid volume specification: 'a:/b:ro:c'"],
  ["a:/b:nonsense", "invalid mode: nonsense"],
  ["a:/b:ro,rw", "invalid mode: ro,rw"],
  [
    "a:b",
    `invalid volume specification: 'a:b': invalid mount config for type "volume": invalid mount path: 'b' mount path must be absolute`,
  ],
  [
    "a:/",
    `invalid volume specification: 'a:/': invalid mount config for type "volume": invalid specification: destination can't be '/'`,
  ],
])("-v '%s' is refused", (text, message) => {
  expect(() => bind(text)).toThrow(message);
});

test("the driver of volumes applies to -v", () => {
  expect(parseBind("vol:/data", "d:latest").volume).toEqual({
    name: "vol",
    driver: "d:latest",
    options: {},
    labels: {},
  });
});

const mount = (body: object) => parseMount(mountRequestSchema.parse(body));

test("--mount names driver, options and labels of a volume", () => {
  const { volume, mount: planned } = mount({
    Type: "volume",
    Source: "v",
    Target: "/d",
    ReadOnly: true,
    VolumeOptions: { DriverConfig: { Name: "drv", Options: { a: "b" } }, Labels: { l: "1" } },
  });
  expect(volume).toEqual({ name: "v", driver: "drv", options: { a: "b" }, labels: { l: "1" } });
  expect(planned).toMatchObject({ type: "volume", destination: "/d", readOnly: true });
});

test("--mount type=tmpfs becomes mount options", () => {
  const { mount: planned } = mount({
    Type: "tmpfs",
    Target: "/t",
    TmpfsOptions: { SizeBytes: 65_536, Mode: 0o1777 },
  });
  expect(planned.options).toEqual(["size=65536", "mode=1777"]);
});

test.each([
  [{ Type: "bind", Target: "/t" }, 'invalid mount config for type "bind": field Source must not be empty'],
  [{ Type: "bind", Source: "x", Target: "/t" }, "invalid mount path: 'x' mount path must be absolute"],
  [{ Type: "volume", Source: "x" }, 'invalid mount config for type "volume": field Target must not be empty'],
  [{ Type: "tmpfs", Source: "x", Target: "/t" }, "field Source must not be specified"],
  [{ Type: "odd", Target: "/t" }, 'invalid mount config for type "odd": mount type unknown'],
])("--mount %j is refused", (body, message) => {
  expect(() => mount(body)).toThrow(message);
});

test.each([
  ["bogus=1", '["bogus" "1"]'],
  ["size=1m,bogus", '["bogus"]'],
])("--tmpfs /t:%s is refused", (options, shown) => {
  const inputs = { mounts: [], volumeDriver: "", volumes: [], binds: [], tmpfs: { "/t": options } };
  expect(() => planMounts(inputs)).toThrow(`invalid tmpfs option ${shown}`);
});

test("a declared volume gives way to an explicit mount, and two explicit ones clash", () => {
  const inputs = { mounts: [], tmpfs: {}, volumeDriver: "", volumes: ["/data", "/other"] };
  const planned = planMounts({ ...inputs, binds: ["/src:/data"] });
  expect(planned.map(({ mount }) => [mount.type, mount.destination])).toEqual([
    ["bind", "/data"],
    ["volume", "/other"],
  ]);
  expect(() => planMounts({ ...inputs, binds: ["a:/data", "b:/data/"] })).toThrow(
    "Duplicate mount point: /data",
  );
});
