import { expect, it, vi } from "vitest";
import { createLineLogger } from "./line-logger.ts";

it("quotes what could forge a line, and leaves debug out unless asked", () => {
  const out = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  try {
    const logger = createLineLogger();
    logger.info({ name: "a b\nVolumeDriver.Remove", ms: 1.5 }, "VolumeDriver.Create");
    logger.debug({}, "silent");
    createLineLogger({ debug: true }).debug({ name: "v" }, "loud");
    expect(out.mock.calls.map(([line]) => line)).toEqual([
      'VolumeDriver.Create name="a b\\nVolumeDriver.Remove" ms=1.5\n',
      "loud name=v\n",
    ]);
  } finally {
    out.mockRestore();
  }
});
