/** Capabilities by their numbers. https://github.com/torvalds/linux/blob/master/include/uapi/linux/capability.h */
const byNumber = `CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE
  NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE
  SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL
  SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF
  CHECKPOINT_RESTORE`.split(/\s+/);

/**
 * The capabilities that a process and what it starts can have at all, from its `/proc/<pid>/status`; undefined if
 * that does not say. An engine that is confined itself, or on an older kernel, cannot give more.
 */
export function boundingSet(status: string): ReadonlySet<string> | undefined {
  const match = /^CapBnd:\s*([0-9a-f]{1,16})$/m.exec(status);
  if (match === null) return undefined;
  const bits = BigInt(`0x${match[1]}`);
  return new Set(
    byNumber.filter((_name, number) => (bits & (1n << BigInt(number))) !== 0n).map((name) => `CAP_${name}`),
  );
}
