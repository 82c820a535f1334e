import { expect, test } from "vitest";
import { parseMountOption } from "./mount-option.ts";

test("reads a volume with its driver, options and labels", () => {
  expect(
    parseMountOption(
      'type=volume,src=v,dst=/p,volume-driver=d,"volume-opt=o=a,b",volume-opt=x=y=z,volume-nocopy,readonly,volume-label=k=v',
      "/",
    ),
  ).toEqual({
    Type: "volume",
    Source: "v",
    Target: "/p",
    ReadOnly: true,
    VolumeOptions: {
      NoCopy: true,
      Labels: { k: "v" },
      DriverConfig: { Name: "d", Options: { o: "a,b", x: "y=z" } },
    },
  });
});

test("reads binds and tmpfs", () => {
  expect(parseMountOption("type=bind,source=./x,target=/y,bind-propagation=rshared", "/home")).toEqual({
    Type: "bind",
    Source: "/home/x",
    Target: "/y",
    BindOptions: { Propagation: "rshared" },
  });
  expect(parseMountOption("type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=1777", "/")).toEqual({
    Type: "tmpfs",
    Target: "/t",
    TmpfsOptions: { SizeBytes: 1048576, Mode: 0o1777 },
  });
});

test.each([
  ["", "value is empty"],
  ["type=volume", "target is required"],
  ["dst", "invalid field 'dst' must be a key=value pair"],
  ["dst=/x,foo=x", "unexpected key 'foo' in 'foo=x'"],
  ["dst=/x,ro=maybe", "invalid value for ro: maybe"],
  ["type=bind,dst=/x,volume-nocopy", "cannot mix 'volume-*' options with mount type 'bind'"],
  ['dst=/x,"a', "parse error on line 1"],
])("refuses %j", (text, message) => {
  expect(() => parseMountOption(text, "/")).toThrow(message);
});
