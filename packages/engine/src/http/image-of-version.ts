import type { ImageInspect, ImageSummary } from "@davit/protocol";
import type { ApiVersion } from "./api-version.ts";

/** What older clients expect to find in every configuration, said or not. */
const silentConfig = {
  Hostname: "",
  Domainname: "",
  User: "",
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Env: null,
  Cmd: null,
  Image: "",
  Volumes: null,
  WorkingDir: "",
  Entrypoint: null,
  OnBuild: null,
  Labels: null,
};

/**
 * An image as the version's clients read it. `ContainerConfig`, which 1.45 dropped, is there in all: docker-compose 1
 * looks for the image's volumes in it, whatever version it speaks, and fails without.
 */
export function imageOfVersion(inspected: ImageInspect, version: ApiVersion): unknown {
  const image = sizesOfVersion(inspected, version);
  const whole = { ...silentConfig, ...image.Config };
  if (version.atLeast(1, 50)) return { ...image, ContainerConfig: whole };
  const older = { ...image, Config: whole, ContainerConfig: whole };
  return version.atLeast(1, 45) ? older : { ...older, Container: "" };
}

/** An image, in a list or inspected: since 1.44 its size is told once. */
export function sizesOfVersion<Image extends ImageInspect | ImageSummary>(
  image: Image,
  version: ApiVersion,
): Omit<Image, "VirtualSize"> {
  if (!version.atLeast(1, 44)) return image;
  const { VirtualSize: _same, ...rest } = image;
  return rest;
}
