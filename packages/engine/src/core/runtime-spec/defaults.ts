import type { DeviceRule, SpecDevice, SpecMount } from "./spec.ts";

// What every process gets unless it asks for more. Lists and their order are the Docker Engine's.

export const defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export const defaultCapabilities: readonly string[] = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FSETID",
  "CAP_FOWNER",
  "CAP_MKNOD",
  "CAP_NET_RAW",
  "CAP_SETGID",
  "CAP_SETUID",
  "CAP_SETFCAP",
  "CAP_SETPCAP",
  "CAP_NET_BIND_SERVICE",
  "CAP_SYS_CHROOT",
  "CAP_KILL",
  "CAP_AUDIT_WRITE",
];

/** Every capability of the kernel. https://man7.org/linux/man-pages/man7/capabilities.7.html */
export const allCapabilities: readonly string[] = [
  ...defaultCapabilities,
  "CAP_DAC_READ_SEARCH",
  "CAP_LINUX_IMMUTABLE",
  "CAP_NET_BROADCAST",
  "CAP_NET_ADMIN",
  "CAP_IPC_LOCK",
  "CAP_IPC_OWNER",
  "CAP_SYS_MODULE",
  "CAP_SYS_RAWIO",
  "CAP_SYS_PTRACE",
  "CAP_SYS_PACCT",
  "CAP_SYS_ADMIN",
  "CAP_SYS_BOOT",
  "CAP_SYS_NICE",
  "CAP_SYS_RESOURCE",
  "CAP_SYS_TIME",
  "CAP_SYS_TTY_CONFIG",
  "CAP_LEASE",
  "CAP_AUDIT_CONTROL",
  "CAP_MAC_OVERRIDE",
  "CAP_MAC_ADMIN",
  "CAP_SYSLOG",
  "CAP_WAKE_ALARM",
  "CAP_BLOCK_SUSPEND",
  "CAP_AUDIT_READ",
  "CAP_PERFMON",
  "CAP_BPF",
  "CAP_CHECKPOINT_RESTORE",
];

const mount = (destination: string, type: string, source: string, options: string): SpecMount => ({
  destination,
  type,
  source,
  options: options.split(","),
});

export const defaultMounts: readonly SpecMount[] = [
  mount("/proc", "proc", "proc", "nosuid,noexec,nodev"),
  mount("/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k"),
  mount("/dev/pts", "devpts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5"),
  mount("/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro"),
  mount("/sys/fs/cgroup", "cgroup", "cgroup", "ro,nosuid,noexec,nodev"),
  mount("/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev"),
  mount("/dev/shm", "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777"),
];

const character = (major: number, minor: number, allow = true): DeviceRule => ({
  allow,
  type: "c",
  major,
  minor,
  access: "rwm",
});

/** Nothing but zero, null, urandom, random, tty and console; fuse is denied until a device rule after it allows it. */
export const defaultDeviceRules: readonly DeviceRule[] = [
  { allow: false, access: "rwm" },
  character(1, 5),
  character(1, 3),
  character(1, 9),
  character(1, 8),
  character(5, 0),
  character(5, 1),
  character(10, 229, false),
];

export const allDevicesRule: DeviceRule = { allow: true, access: "rwm" };

/** Full access to each; a FIFO is no device to the control group. */
export const deviceRulesFor = (devices: readonly SpecDevice[]): readonly DeviceRule[] =>
  devices.flatMap(({ type, major, minor }) =>
    type === "p" ? [] : [{ allow: true, type, major, minor, access: "rwm" }],
  );

export const maskedPaths: readonly string[] = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/sys/devices/virtual/powercap",
  "/sys/firmware",
];

export const readonlyPaths: readonly string[] = [
  "/proc/bus",
  "/proc/fs",
  "/proc/irq",
  "/proc/sys",
  "/proc/sysrq-trigger",
];
