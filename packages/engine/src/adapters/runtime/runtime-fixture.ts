import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { findPeer } from "@davit/testkit";
import { newId } from "../../core/identifiers.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { ProcessRequest } from "../../core/ports/runtime.ts";
import {
  defaultCapabilities,
  defaultDeviceRules,
  defaultMounts,
  defaultPath,
  deviceRulesFor,
} from "../../core/runtime-spec/defaults.ts";
import { seccompProfile } from "../../core/runtime-spec/seccomp-profile.ts";
import type { RuntimeSpec, SpecDevice, SpecMount } from "../../core/runtime-spec/spec.ts";
import { ConmonRuntime } from "./conmon-runtime.ts";

const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
};

interface Variation {
  readonly id?: string;
  readonly capabilities?: readonly string[];
  readonly seccomp?: boolean;
  readonly memoryLimitBytes?: number;
  /** Instead of the one with busybox; read-only. */
  readonly rootfs?: string;
  readonly mounts?: readonly SpecMount[];
  readonly devices?: readonly SpecDevice[];
}

/** A directory with a busybox root file system and everything a runtime needs; `/run/go` in it is a FIFO. */
export class TestHost {
  readonly dir: string;
  readonly runtime: ConmonRuntime;

  constructor(dir: string) {
    this.dir = dir;
    this.runtime = this.otherRuntime();
  }

  static async make(): Promise<TestHost> {
    const dir = await mkdtemp("/tmp/dvr-");
    const rootfs = `${dir}/rootfs`;
    for (const name of ["bin", "dev", "etc", "proc", "run", "sys", "tmp"]) {
      mkdirSync(`${rootfs}/${name}`, { recursive: true });
    }
    copyFileSync(findPeer("busybox"), `${rootfs}/bin/busybox`);
    for (const name of [
      "sh",
      "cat",
      "tr",
      "sleep",
      "mount",
      "unshare",
      "chown",
      "su",
      "dd",
      "ls",
      "nslookup",
    ]) {
      symlinkSync("busybox", `${rootfs}/bin/${name}`);
    }
    execFileSync("mkfifo", [`${rootfs}/run/go`]);
    return new TestHost(dir);
  }

  /** As a later engine on the same directories would be. */
  otherRuntime(): ConmonRuntime {
    const { dir } = this;
    return new ConmonRuntime({
      runcPath: "/usr/sbin/runc",
      conmonPath: "/usr/bin/conmon",
      stateRoot: `${dir}/runc`,
      exitDir: `${dir}/exits`,
      persistDir: `${dir}/persist`,
      logger: silent,
    });
  }

  request(args: readonly string[], variation: Variation = {}): ProcessRequest {
    const id = variation.id ?? newId();
    return {
      namespace: "plugins.moby",
      id,
      bundle: `${this.dir}/bundles/${id}`,
      logPath: this.logPath(id),
      spec: testSpec(variation.rootfs ?? `${this.dir}/rootfs`, args, variation),
    };
  }

  logPath(id: string): string {
    return `${this.dir}/logs/${id}`;
  }

  monitorPid(id: string): number {
    return Number(readFileSync(`${this.dir}/persist/plugins.moby/${id}/monitor.pid`, "utf8"));
  }

  /** Lets a script that does `read line < /run/go` go on. */
  async go(): Promise<void> {
    const fifo = await open(`${this.dir}/rootfs/run/go`, "w");
    await fifo.write("go\n");
    await fifo.close();
  }

  /** Runs a command to its end; answers its exit code and its output. */
  async run(args: readonly string[], variation: Variation = {}): Promise<{ code: number; output: string }> {
    const request = this.request(args, variation);
    await this.runtime.create(request);
    await this.runtime.start(request.namespace, request.id);
    const { exitCode } = await this.runtime.waitForExit(request.namespace, request.id);
    const log = readFileSync(request.logPath, "utf8");
    await this.runtime.delete(request.namespace, request.id);
    return { code: exitCode, output: log.replaceAll(/^\S+ \S+ [FP] /gm, "").trim() };
  }

  async remove(): Promise<void> {
    for (const id of await this.runtime.list("plugins.moby")) await this.runtime.delete("plugins.moby", id);
    await rm(this.dir, { recursive: true, force: true });
  }
}

function testSpec(rootfs: string, args: readonly string[], variation: Variation): RuntimeSpec {
  const capabilities = [...defaultCapabilities, ...(variation.capabilities ?? [])];
  const limit = variation.memoryLimitBytes;
  return {
    ociVersion: "1.0.2",
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      args,
      env: [defaultPath],
      cwd: "/",
      capabilities: {
        bounding: capabilities,
        effective: capabilities,
        permitted: capabilities,
        inheritable: [],
      },
    },
    root: { path: rootfs, readonly: variation.rootfs !== undefined },
    mounts: [...defaultMounts, ...(variation.mounts ?? [])],
    linux: {
      resources: {
        devices: [...defaultDeviceRules, ...deviceRulesFor(variation.devices ?? [])],
        ...(limit === undefined ? {} : { memory: { limit, swap: limit } }),
      },
      namespaces: [{ type: "mount" }, { type: "network" }, { type: "uts" }, { type: "pid" }, { type: "ipc" }],
      devices: variation.devices ?? [],
      maskedPaths: [],
      readonlyPaths: [],
      ...(variation.seccomp === false ? {} : { seccomp: seccompProfile(capabilities) }),
    },
  };
}
