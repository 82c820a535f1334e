import type { ImageInspect } from "@davit/protocol";
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

/** An image as the version's clients read it: docker-compose 1 fails without `ContainerConfig`, which 1.45 dropped. */
export function imageOfVersion(image: ImageInspect, version: ApiVersion): unknown {
  if (version.atLeast(1, 50)) return image;
  const whole = { ...image, Config: { ...silentConfig, ...image.Config } };
  return version.atLeast(1, 45) ? whole : { ...whole, Container: "", ContainerConfig: silentConfig };
}
