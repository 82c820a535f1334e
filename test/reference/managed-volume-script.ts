import type { RecordedStep } from "./recorded-calls.ts";

const step = (type: string): RecordedStep => ({ type });
const differs = (heading: string, type: string): RecordedStep => ({ type, differs: heading });
/** But for questions, which Davit asks less often, the calls are the same. */
const asksLess = (type: string): RecordedStep => ({ type, callsDiffer: "asked-less-often" });

const run = "run --rm --network none";

/** Volumes by a plugin that the engine manages, `acme/rec`, from its start to its removal. */
export const managedVolumeScript: readonly RecordedStep[] = [
  step("plugin enable acme/rec"),
  step("volume create --driver acme/rec --opt a=b --opt c= --label l=1 one"),
  asksLess("volume create --driver acme/rec one"),
  asksLess("volume create one"),
  { ...asksLess("volume inspect one"), differs: "mountpoint-on-host" },
  asksLess("volume ls"),
  asksLess("volume ls --filter driver=acme/rec:latest"),
  asksLess(`${run} --volume one:/data busybox sh -c 'echo kept > /data/f'`),
  asksLess(`${run} --volume one:/data --volume one:/again:ro busybox cat /again/f`),
  asksLess("create --name held --network none --volume one:/data busybox cat /data/f"),
  asksLess("volume rm one"),
  asksLess("start --attach held"),
  step("plugin disable acme/rec"),
  step("rm held"),
  asksLess(`${run} --volume copied:/bin --volume-driver acme/rec busybox true`),
  asksLess("volume inspect --format '{{.Driver}} {{json .Options}} {{json .Labels}}' copied"),
  asksLess("volume rm copied"),
  asksLess("volume create --driver acme/rec --opt refuse=err refused"),
  asksLess("volume create --driver acme/rec --opt refuse=status refused"),
  asksLess("volume create --driver acme/rec --opt refuse=text refused"),
  step("volume inspect refused"),
  step("volume rm refused"),
  asksLess(`${run} --mount type=volume,src=two,dst=/two,volume-driver=acme/rec,volume-opt=x=y busybox true`),
  step("volume prune --force"),
  asksLess("volume rm one two"),
  step("plugin disable acme/rec"),
  step("volume create --driver acme/rec late"),
  step("plugin enable acme/rec"),
  step("volume create --driver acme/rec late"),
  step("plugin rm --force acme/rec"),
  differs("volumes-never-forgotten", "volume ls --quiet"),
];
