import { volumeDriverRequests as requests } from "@davit/protocol";
import { type DriverInterface, rpcMethod } from "../rpc/rpc-method.ts";
import type { VolumeDriver, VolumeInfo } from "./volume-driver.ts";

/** The wire side of a volume driver. https://docs.docker.com/engine/extend/plugins_volume/ */
export function volumeInterface(driver: VolumeDriver): DriverInterface {
  const query = { query: true };
  const change = { query: false };
  return {
    name: "VolumeDriver",
    methods: {
      "VolumeDriver.Create": rpcMethod(
        requests["VolumeDriver.Create"],
        async ({ Name, Opts }, call) => {
          await driver.create({ name: Name, options: Opts }, call);
          return { Err: "" };
        },
        change,
      ),
      "VolumeDriver.Remove": rpcMethod(
        requests["VolumeDriver.Remove"],
        async ({ Name }, call) => {
          await driver.remove({ name: Name }, call);
          return { Err: "" };
        },
        change,
      ),
      "VolumeDriver.Mount": rpcMethod(
        requests["VolumeDriver.Mount"],
        async ({ Name, ID }, call) => ({
          Mountpoint: await driver.mount({ name: Name, id: ID }, call),
          Err: "",
        }),
        change,
      ),
      "VolumeDriver.Unmount": rpcMethod(
        requests["VolumeDriver.Unmount"],
        async ({ Name, ID }, call) => {
          await driver.unmount({ name: Name, id: ID }, call);
          return { Err: "" };
        },
        change,
      ),
      "VolumeDriver.Path": rpcMethod(
        requests["VolumeDriver.Path"],
        async ({ Name }, call) => ({ Mountpoint: (await driver.path({ name: Name }, call)) ?? "", Err: "" }),
        query,
      ),
      "VolumeDriver.Get": rpcMethod(
        requests["VolumeDriver.Get"],
        async ({ Name }, call) => {
          const volume = await driver.get({ name: Name }, call);
          return { Volume: volume === undefined ? null : wireVolume(volume), Err: "" };
        },
        query,
      ),
      "VolumeDriver.List": rpcMethod(
        requests["VolumeDriver.List"],
        async (_request, call) => ({ Volumes: (await driver.list(call)).map(wireVolume), Err: "" }),
        query,
      ),
      "VolumeDriver.Capabilities": rpcMethod(
        requests["VolumeDriver.Capabilities"],
        async () => ({ Capabilities: { Scope: driver.scope ?? "local" }, Err: "" }),
        query,
      ),
    },
  };
}

/** Absent members stay absent: an empty time would fail the engine's whole decode. */
function wireVolume(volume: VolumeInfo): object {
  return {
    Name: volume.name,
    Mountpoint: volume.mountpoint ?? "",
    ...(volume.createdAt !== undefined && { CreatedAt: volume.createdAt.toISOString() }),
    ...(volume.status !== undefined && { Status: volume.status }),
  };
}
