import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { VolumeRecord } from "../../core/volume/record.ts";
import { SqliteState } from "./sqlite-state.ts";

describe("SqliteState", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "davit-state-"));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  const path = (): string => join(dir, "davit.db");
  const volume = (name: string): VolumeRecord => ({
    name,
    driver: "local",
    options: {},
    labels: { a: "b" },
    createdAt: "2024-01-01T00:00:00Z",
    pending: undefined,
  });

  it("gives back after reopening what was put", () => {
    const first = new SqliteState(path());
    first.volumes.put(volume("b"));
    first.volumes.put(volume("a"));
    first.volumeUses.put({ volume: "a", containerId: "c1", destination: "/x", mountId: undefined });
    first.close();
    const second = new SqliteState(path());
    expect(second.volumes.list()).toEqual([volume("a"), volume("b")]);
    expect(second.volumeUses.ofVolume("a")).toHaveLength(1);
    second.close();
  });

  it("takes back every change of a transaction that fails, in memory and on disk", () => {
    const state = new SqliteState(path());
    state.volumes.put(volume("kept"));
    expect(() =>
      state.transaction(() => {
        state.volumes.put({ ...volume("kept"), driver: "changed" });
        state.volumes.put(volume("new"));
        throw new Error("stop");
      }),
    ).toThrow("stop");
    expect(state.volumes.list()).toEqual([volume("kept")]);
    state.close();
    const again = new SqliteState(path());
    expect(again.volumes.list()).toEqual([volume("kept")]);
    again.close();
  });

  it("takes no transaction for part of one that could not begin", () => {
    const state = new SqliteState(path());
    state.close();
    expect(() => state.transaction(() => "first")).toThrow("not open");
    expect(() => state.transaction(() => "second")).toThrow("not open");
  });

  it("finds notes again as well", () => {
    const first = new SqliteState(path());
    first.note(() => first.volumes.put({ ...volume("a"), pending: "create" }));
    first.close();
    const second = new SqliteState(path());
    expect(second.volumes.get("a")?.pending).toBe("create");
    second.close();
  });

  it("refuses a database that another engine has open", () => {
    const first = new SqliteState(path());
    first.volumes.put(volume("a"));
    expect(() => new SqliteState(path())).toThrow(/database is locked/);
    first.close();
  });
});
