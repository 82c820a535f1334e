import { expect, test } from "vitest";
import { defaultCapabilities } from "./defaults.ts";
import { seccompProfile } from "./seccomp-profile.ts";

const allowed = (capabilities: readonly string[]): ReadonlySet<string> =>
  new Set(
    seccompProfile(capabilities).syscalls.flatMap((rule) =>
      rule.action === "SCMP_ACT_ALLOW" && rule.args === undefined ? rule.names : [],
    ),
  );

test.each([
  "mount",
  "umount2",
  "unshare",
  "setns",
  "clone",
  "clone3",
  "bpf",
  "keyctl",
  "add_key",
  "userfaultfd",
  "io_uring_setup",
  "init_module",
  "reboot",
  "open_by_handle_at",
  "process_vm_writev",
  "perf_event_open",
])("%s is not allowed with the default capabilities", (name) => {
  expect(allowed(defaultCapabilities).has(name)).toBe(false);
});

test.each([
  ["CAP_SYS_ADMIN", "mount"],
  ["CAP_SYS_ADMIN", "clone"],
  ["CAP_SYS_ADMIN", "fsopen"],
  ["CAP_SYS_PTRACE", "process_vm_readv"],
  ["CAP_SYS_MODULE", "finit_module"],
  ["CAP_SYS_TIME", "clock_settime"],
  ["CAP_DAC_READ_SEARCH", "open_by_handle_at"],
  ["CAP_BPF", "bpf"],
])("%s brings %s", (capability, name) => {
  expect(allowed([...defaultCapabilities, capability]).has(name)).toBe(true);
});

test("no system call is named by two unconditional rules", () => {
  for (const capabilities of [defaultCapabilities, ["CAP_SYS_ADMIN", "CAP_SYSLOG", "CAP_BPF"]]) {
    const names = seccompProfile(capabilities).syscalls.flatMap((rule) =>
      rule.args === undefined ? rule.names : [],
    );
    expect(new Set(names).size).toBe(names.length);
  }
});
