import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The files that take longest, the longest first: one of them alone at the end would have a processor idle. */
const longest = [
  "test/e2e/installation",
  "test/reference/script",
  "test/reference/older-script",
  "test/e2e/docs",
  "test/e2e/davit-cli",
  "test/e2e/crash",
  "test/e2e/log-drivers",
  "test/e2e/hand-made",
  "test/e2e/plugin-layers",
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const index = longest.findIndex((file) => moduleId.endsWith(`/${file}.test.ts`));
      return index === -1 ? longest.length : index;
    };
    return (await super.sort(files)).toSorted((one, other) => rank(one) - rank(other));
  }
}

/** Everything that needs root, runc, a registry or a daemon lies outside `unit`. */
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: "unit",
          // A bound for what hangs, far above what any test takes on a machine that does other work as well.
          testTimeout: 20_000,
          include: ["packages/*/src/**/*.test.ts", "scripts/**/*.test.ts", "examples/*/src/**/*.test.ts"],
          exclude: ["**/*.integration.test.ts"],
          // They share nothing that they change, and most are shorter than the start of a process.
          isolate: false,
        },
      },
      {
        test: {
          name: "integration",
          include: ["packages/*/src/**/*.integration.test.ts", "examples/*/src/**/*.integration.test.ts"],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          // One more than the processors of a small machine: much of a test is waiting for what it has started.
          maxWorkers: 3,
        },
      },
      {
        test: {
          name: "reference",
          include: ["test/reference/**/*.test.ts"],
          exclude: ["test/reference/**/*-speed.test.ts"],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          // Much of it is waiting for dockerd.
          maxWorkers: 3,
        },
      },
      {
        // Measures, so nothing else runs meanwhile.
        test: {
          name: "speed",
          include: ["test/reference/**/*-speed.test.ts"],
          testTimeout: 600_000,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
