import { differs, type Step, step } from "./step.ts";

const look: readonly Step[] = [
  step("images --format '{{.Repository}}:{{.Tag}} {{.ID}} {{.Size}}'"),
  step("images --quiet --no-trunc"),
  step("image ls --filter dangling=true"),
  step("image ls --filter reference=busy*:latest --format '{{.Repository}}'"),
  step("image ls --filter reference=nosuch --quiet"),
  differs("messages-of-28", "image ls --filter dangling=maybe"),
  differs("messages-of-28", "image ls --filter nonsense=1"),
  step("image ls --filter label=x --quiet"),
  step("image ls --filter before=nosuch"),
  step(
    "image inspect --format '{{json .RepoTags}} {{.Os}} {{.Architecture}} {{.RootFS.Type}} {{len .RootFS.Layers}}' busybox",
  ),
  differs("messages-of-28", "image inspect nosuch"),
  step("history nosuch"),
  step("history --format '{{.Comment}} {{.CreatedBy}}' busybox"),
];

const names: readonly Step[] = [
  step("tag busybox acme/box:1"),
  step("tag busybox acme/box:1"),
  step("tag nosuch acme/box:2"),
  step("tag busybox acme/box:bad:tag"),
  step("tag busybox acme/box@sha256:{hex}"),
  step("image ls acme/box --format '{{.Tag}}'"),
  step("save --output {saved} acme/box:1"),
  step("save --output {saved} nosuch"),
  step("rmi acme/box:1"),
  step("load --input {saved}"),
  step("load --quiet --input {saved}"),
  step("load --input {missing}"),
  step("rmi acme/box:1"),
];

const imported: readonly Step[] = [
  step(
    "import --change 'ENV A=1' --change 'CMD [\"/bin/sh\",\"-c\",\"echo imported $A\"]' --change 'LABEL k=v' " +
      "--change 'WORKDIR /tmp' --message 'a message' {rootfs} acme/imported:1",
  ),
  step("import --change 'NONSENSE x' {rootfs} acme/imported:2"),
  step("import --change 'RUN true' {rootfs} acme/imported:2"),
  step("import {missing} acme/imported:2"),
  step("run --rm --network none acme/imported:1"),
  step("image inspect --format '{{json .Config}} {{.Comment}}' acme/imported:1"),
  step("image ls --filter label=k=v --format '{{.Repository}}:{{.Tag}}'"),
  step("history --no-trunc --format '{{.Comment}} {{.CreatedBy}}' acme/imported:1"),
  step("create --name user --network none acme/imported:1"),
  step("rmi acme/imported:1"),
  step("rm user"),
  step("rmi acme/imported:1"),
  step("rmi acme/imported:1 nosuch"),
  step("rmi --force nosuch"),
];

const distribution: readonly Step[] = [
  step("pull {registry}/nosuch:1"),
  step("pull 'Bad Name'"),
  step("pull busybox@sha256:bad"),
  step("push nosuch/image"),
  step("tag busybox {registry}/box:1"),
  step("push --quiet {registry}/box:1"),
  step("push {registry}/box:nosuch"),
  step("rmi {registry}/box:1"),
  step("pull --quiet {registry}/box:1"),
  step("run --rm --network none {registry}/box:1 echo pulled"),
  step("pull {registry}/box:nosuch"),
  step("image inspect --format '{{json .RepoTags}}' {registry}/box:1"),
  step("rmi {registry}/box:1"),
  step("image prune --force"),
  differs("messages-of-28", "image prune --force --filter nonsense=1"),
  step("image prune --force --filter until=nonsense"),
  step("image prune --all --force --filter label=nosuch"),
];

/** Images as files, names and references. */
export const imageScript: readonly Step[] = [...look, ...names, ...imported, ...distribution];
