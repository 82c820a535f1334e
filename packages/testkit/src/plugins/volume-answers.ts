import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type PluginAnswer, pluginError } from "./plugin-server.ts";

/** What a driver of volumes answers that keeps each in a directory of the host, below `root`. */
export function volumeAnswers(root: string): Readonly<Record<string, PluginAnswer>> {
  const volumes = new Map<string, { readonly mounts: Set<string> }>();
  const nameOf = (body: unknown): string => String(field(body, "Name"));
  const describe = (name: string) => ({
    Name: name,
    Mountpoint: join(root, name),
    CreatedAt: "2026-01-02T03:04:05Z",
  });
  const known =
    (answer: (name: string, body: unknown) => unknown): PluginAnswer =>
    (body) =>
      volumes.has(nameOf(body)) ? answer(nameOf(body), body) : pluginError("no such volume");
  return {
    "VolumeDriver.Capabilities": () => ({ Capabilities: { Scope: "global" } }),
    "VolumeDriver.Create": (body) => {
      mkdirSync(join(root, nameOf(body)), { recursive: true });
      volumes.set(nameOf(body), { mounts: new Set() });
      return {};
    },
    "VolumeDriver.Remove": known((name) => {
      rmSync(join(root, name), { recursive: true });
      volumes.delete(name);
      return {};
    }),
    "VolumeDriver.Get": known((name) => ({
      Volume: { ...describe(name), Status: { mounts: volumes.get(name)?.mounts.size } },
    })),
    "VolumeDriver.List": () => ({ Volumes: [...volumes.keys()].map(describe) }),
    "VolumeDriver.Path": known((name) => ({ Mountpoint: join(root, name) })),
    "VolumeDriver.Mount": known((name, body) => {
      volumes.get(name)?.mounts.add(String(field(body, "ID")));
      return { Mountpoint: join(root, name) };
    }),
    "VolumeDriver.Unmount": known((name, body) =>
      volumes.get(name)?.mounts.delete(String(field(body, "ID"))) === true ? {} : pluginError("not mounted"),
    ),
  };
}

const field = (body: unknown, name: string): unknown =>
  typeof body === "object" && body !== null ? Reflect.get(body, name) : undefined;
