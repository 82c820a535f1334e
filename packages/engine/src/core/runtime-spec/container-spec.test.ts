import { hostConfigSchema } from "@davit/protocol";
import { expect, test } from "vitest";
import {
  type ContainerHost,
  containerSpec,
  privilegedSecurity,
  type SpecifiedContainer,
} from "./container-spec.ts";

const record: SpecifiedContainer = {
  hostConfig: hostConfigSchema.parse({}),
  id: "c".repeat(64),
  config: {
    image: "i",
    hostname: "box",
    domainname: "",
    user: "",
    env: ["A=1"],
    entrypoint: ["/bin/e"],
    cmd: ["x"],
    workingDir: "",
    labels: {},
    tty: false,
    openStdin: false,
    stdinOnce: false,
    attachStdin: false,
    attachStdout: true,
    attachStderr: true,
    stopSignal: "SIGTERM",
    stopTimeoutSeconds: 10,
    exposedPorts: [],
    volumes: [],
  },
};
const host: ContainerHost = {
  rootfs: "/r",
  user: { uid: 1, gid: 2, additionalGids: [2] },
  mounts: [],
  files: { hosts: "/f/hosts", hostname: "/f/hostname", resolvConf: "/f/resolv.conf" },
  network: "none",
};
const bind = (destination: string, options: readonly string[] = ["rbind"]) => ({
  destination,
  type: "bind",
  source: "/s",
  options,
});
const withConfig = (config: Partial<SpecifiedContainer["config"]>): SpecifiedContainer => ({
  ...record,
  config: { ...record.config, ...config },
});
const destinations = (given: Partial<ContainerHost>): readonly string[] =>
  containerSpec(record, { ...host, ...given }).mounts.map((mount) => mount.destination);

test("a container gets its own command, user, control group and namespaces", () => {
  const spec = containerSpec(record, host);
  expect(spec.process.args).toEqual(["/bin/e", "x"]);
  expect(spec.process.user).toEqual(host.user);
  expect(spec.process.cwd).toBe("/");
  expect(spec.linux.cgroupsPath).toBe(`/docker/${record.id}`);
  expect(spec.linux.namespaces.map(({ type }) => type)).toEqual(["mount", "uts", "pid", "ipc", "network"]);
  expect(spec.linux.seccomp?.defaultAction).toBe("SCMP_ACT_ERRNO");
});

test("its variables replace the engine's in their place", () => {
  expect(containerSpec(withConfig({ env: ["A=1", "PATH=/p", "A=2"], tty: true }), host).process.env).toEqual([
    "PATH=/p",
    "HOSTNAME=box",
    "TERM=xterm",
    "A=2",
  ]);
});

test("outer mounts come before inner ones, and its own replace the engine's", () => {
  const result = destinations({
    mounts: [bind("/data/in"), bind("/data"), bind("/etc/hosts"), bind("/dev/shm")],
  });
  expect(result.indexOf("/data")).toBeLessThan(result.indexOf("/data/in"));
  expect(result.filter((path) => path === "/etc/hosts")).toHaveLength(1);
  expect(result.filter((path) => path === "/dev/shm")).toHaveLength(1);
});

test("a /dev of its own comes with all below it", () => {
  expect(destinations({ mounts: [bind("/dev")] }).filter((path) => path.startsWith("/dev"))).toEqual([
    "/dev",
  ]);
});

test.each([
  ["host" as const, undefined],
  ["none" as const, { type: "network" }],
  [{ namespace: "/run/n" }, { type: "network", path: "/run/n" }],
])("network %j", (network, expected) => {
  const { namespaces, sysctl } = containerSpec(record, { ...host, network }).linux;
  expect(namespaces.find(({ type }) => type === "network")).toEqual(expected);
  expect(sysctl === undefined).toBe(network === "host");
});

test("a privileged container is not confined", () => {
  const spec = containerSpec(record, { ...host, security: privilegedSecurity });
  expect(spec.linux.seccomp).toBeUndefined();
  expect(spec.linux.maskedPaths).toEqual([]);
  expect(spec.linux.readonlyPaths).toEqual([]);
  expect(spec.linux.resources.devices).toEqual([{ allow: true, access: "rwm" }]);
  expect(spec.process.capabilities.bounding).toContain("CAP_SYS_ADMIN");
  expect(spec.mounts.find((mount) => mount.destination === "/sys")?.options).toContain("rw");
});

test("a mount that receives later mounts needs a root file system that does", () => {
  expect(containerSpec(record, host).linux.rootfsPropagation).toBeUndefined();
  const received = { ...host, mounts: [bind("/d", ["rbind", "rslave"])] };
  expect(containerSpec(record, received).linux.rootfsPropagation).toBe("rslave");
});
