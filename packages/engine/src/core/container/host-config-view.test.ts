import { hostConfigSchema } from "@davit/protocol";
import { expect, test } from "vitest";
import { hostConfigView } from "./host-config-view.ts";

const view = (host: object) => hostConfigView(hostConfigSchema.parse(host));

test("what was not asked for is null or left out, as the Engine does it", () => {
  const shown = view({ MemorySwappiness: -1, PidsLimit: 0 });
  expect(shown).toMatchObject({ Binds: null, CapAdd: null, MemorySwappiness: null, PidsLimit: null });
  for (const key of ["Mounts", "Tmpfs", "Sysctls", "StorageOpt"]) expect(shown).not.toHaveProperty(key);
});

test("what is masked is shown, and nothing for a privileged container", () => {
  expect(view({})["MaskedPaths"]).toContain("/proc/kcore");
  expect(view({ MaskedPaths: [] })["MaskedPaths"]).toEqual([]);
  expect(view({ Privileged: true })).toMatchObject({ MaskedPaths: null, ReadonlyPaths: null });
});

test("mounts are shown as they were asked for", () => {
  const Mounts = [
    { Type: "tmpfs", Target: "/t", TmpfsOptions: { SizeBytes: 1024 } },
    { Type: "bind", Source: "/s", Target: "/b", ReadOnly: true },
  ];
  expect(view({ Mounts })["Mounts"]).toEqual(Mounts);
});
