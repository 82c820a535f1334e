import { type ImageInspect, imageInspectSchema } from "@davit/protocol";
import { describe, expect, test } from "vitest";
import { ApiVersion } from "./api-version.ts";
import { imageOfVersion } from "./image-of-version.ts";

const image: ImageInspect = imageInspectSchema.parse({
  Id: "sha256:1",
  RepoTags: [],
  RepoDigests: [],
  Parent: "",
  Comment: "",
  DockerVersion: "",
  Author: "",
  Config: { Cmd: ["sh"], Volumes: { "/data": {} } },
  Architecture: "amd64",
  Os: "linux",
  Size: 1,
  GraphDriver: { Name: "overlay2", Data: null },
  RootFS: { Type: "layers", Layers: [] },
  Metadata: { LastTagTime: "" },
});

describe("an image's ContainerConfig", () => {
  test.each([24, 44, 45, 50, 51])("names the image's volumes for clients of 1.%i", (minor) => {
    expect(imageOfVersion(image, new ApiVersion(1, minor))).toMatchObject({
      ContainerConfig: { Cmd: ["sh"], Volumes: { "/data": {} }, Labels: null },
    });
  });
});

test("clients before 1.50 find every member in Config", () => {
  expect(imageOfVersion(image, new ApiVersion(1, 49))).toMatchObject({
    Config: { Cmd: ["sh"], Hostname: "" },
  });
  expect(imageOfVersion(image, new ApiVersion(1, 50))).toMatchObject({ Config: image.Config });
});

test("clients before 1.45 find a Container", () => {
  expect(imageOfVersion(image, new ApiVersion(1, 44))).toHaveProperty("Container", "");
  expect(imageOfVersion(image, new ApiVersion(1, 45))).not.toHaveProperty("Container");
});
