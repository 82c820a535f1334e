import { ordinarySyscalls, syscallsByCapability } from "./seccomp-syscalls.ts";
import type { SeccompProfile, SeccompRule } from "./spec.ts";

const EPERM = 1;
const ENOSYS = 38;

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET. */
const namespaceFlags = 0x7e_02_00_00;
const addressFamilyVsock = 40;

/** The values of personality(2) that programs use: Linux, 32 bits, uname 2.6, both, and "tell me". */
const personalities = [0x0, 0x00_08, 0x2_00_00, 0x2_00_08, 0xff_ff_ff_ff] as const;

const allow = (names: readonly string[], args?: SeccompRule["args"]): SeccompRule => ({
  names,
  action: "SCMP_ACT_ALLOW",
  ...(args === undefined ? {} : { args }),
});

const whenArgument = (
  index: number,
  op: "SCMP_CMP_EQ" | "SCMP_CMP_NE",
  value: number,
): SeccompRule["args"] => [{ index, value, op }];

/** The architectures of programs that a machine runs, by Go's name for it: its own, and the same with 32 bits. */
export function programArchitectures(machine: string): readonly string[] {
  if (machine === "amd64") return ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"];
  return machine === "arm64" ? ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"] : [];
}

/**
 * The system calls a process may make: everything ordinary, and what its capabilities are for. The rest fails with
 * EPERM, as it would without the capability; what is kept away although no capability guards it is what has led out of
 * containers (new user namespaces, io_uring, keyrings, userfaultfd).
 *
 * Naming no architecture leaves the host's own: a 32-bit program on a 64-bit host needs `architectures`.
 */
export function seccompProfile(
  capabilities: readonly string[],
  architectures: readonly string[] = [],
): SeccompProfile {
  const granted = new Set(ordinarySyscalls);
  for (const capability of capabilities) {
    for (const name of syscallsByCapability.get(capability) ?? []) granted.add(name);
  }
  const syscalls: SeccompRule[] = [
    allow([...granted]),
    allow(["socket"], whenArgument(0, "SCMP_CMP_NE", addressFamilyVsock)),
    ...personalities.map((value) => allow(["personality"], whenArgument(0, "SCMP_CMP_EQ", value))),
  ];
  if (!granted.has("clone")) {
    syscalls.push(
      allow(["clone"], [{ index: 0, value: namespaceFlags, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }]),
      // Its flags lie in memory where the filter cannot look; C libraries fall back to clone when it is "not there".
      { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: ENOSYS },
    );
  }
  return { defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: EPERM, architectures, syscalls };
}
