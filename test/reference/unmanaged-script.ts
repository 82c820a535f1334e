import type { RecordedStep } from "./recorded-calls.ts";

const step = (type: string): RecordedStep => ({ type });
const differs = (heading: string, type: string): RecordedStep => ({ type, differs: heading });
/** But for `VolumeDriver.Get`, which Davit calls less often, the calls are the same. */
const asksLess = (type: string): RecordedStep => ({ type, callsDiffer: "asked-less-often" });

const run = "run --rm --network none";

/** Volumes by a plugin that neither engine manages: `rec`, on a socket. `{root}` is where it keeps them. */
export const unmanagedScript: readonly RecordedStep[] = [
  step("volume create --driver rec --opt a=b --opt c= --label l=1 one"),
  step("volume create --driver rec one"),
  asksLess("volume create one"),
  asksLess("volume create --driver local one"),
  step("volume inspect one"),
  step("volume ls"),
  step("volume ls --filter driver=rec"),
  step("info --format '{{json .Plugins.Volume}}'"),
  asksLess(`${run} --volume one:/data busybox sh -c 'echo kept > /data/f'`),
  asksLess(`${run} --volume one:/data --volume one:/again:ro busybox cat /again/f`),
  step("create --name held --network none --volume one:/data busybox cat /data/f"),
  asksLess("volume rm one"),
  asksLess("start --attach held"),
  { ...asksLess("cp held:/data/f {root}/copied-file"), awaits: "VolumeDriver.Unmount" },
  asksLess("volume rm --force one"),
  step("rm held"),
  asksLess(`${run} --volume copied:/bin --volume-driver rec busybox true`),
  step("volume inspect --format '{{.Driver}} {{json .Options}} {{json .Labels}}' copied"),
  step("volume create --driver rec 'with space'"),
  asksLess("volume rm 'with space' copied"),
  step("volume create --driver rec --opt refuse=err refused"),
  step("volume create --driver rec --opt refuse=status refused"),
  step("volume create --driver rec --opt refuse=text refused"),
  differs("faults-name-the-file", "volume create --driver rec --opt refuse=garbage refused"),
  step("volume inspect refused"),
  step("volume rm refused"),
  step("volume rm --force refused"),
  asksLess(`${run} --mount type=volume,src=two,dst=/two,volume-driver=rec,volume-opt=x=y busybox true`),
  step("volume prune --force"),
  asksLess("volume rm one two"),
  differs("faults-name-the-file", "volume create --driver other vol"),
  step("volume create --driver undefined vol"),
  differs("faults-name-the-file", "volume create --driver broken vol"),
  differs("plugin-names-stay-inside", "volume create --driver ../rec vol"),
  step("volume ls --quiet"),
];
