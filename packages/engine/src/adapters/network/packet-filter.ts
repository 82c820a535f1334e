import { EngineError, messageOf } from "../../core/errors.ts";
import { KeyedQueue } from "../../core/keyed-queue.ts";
import type { Logger } from "../../core/ports/logger.ts";
import { runProgram } from "../../linux/run-program.ts";

export type FilterTable = "filter" | "nat";

/** One rule: `-A CHAIN ...` without `-A`. */
export interface FilterRule {
  readonly table: FilterTable;
  readonly chain: string;
  readonly words: readonly string[];
}

export interface PacketFilterOptions {
  readonly family: 4 | 6;
  /** Put before every program: `nsenter --net=...`. */
  readonly prefix: readonly string[];
  readonly logger: Logger;
}

/** Chains of ours, and what leads to them. */
const chains: Record<FilterTable, readonly string[]> = {
  filter: ["DAVIT-FORWARD", "DAVIT-ISOLATE-1", "DAVIT-ISOLATE-2"],
  nat: ["DAVIT"],
};

const local = "-m addrtype --dst-type LOCAL -j DAVIT";
const foundation: Record<FilterTable, readonly string[]> = {
  filter: [
    "-I FORWARD -j DAVIT-FORWARD",
    "-A DAVIT-FORWARD -j DAVIT-ISOLATE-1",
    // What was published may be reached from every network.
    "-A DAVIT-ISOLATE-2 -m conntrack --ctstate DNAT -j RETURN",
  ],
  nat: [`-A PREROUTING ${local}`, `-A OUTPUT ${local}`],
};

const tables: readonly FilterTable[] = ["filter", "nat"];

/**
 * Rules of iptables, each tagged with what it is for, so that whatever a daemon that is gone has left is found again. A change is
 * one transaction per table.
 */
export class PacketFilter {
  readonly #options: PacketFilterOptions;
  #unusable: Promise<string | undefined> | undefined;
  #founded: Promise<void> | undefined;
  /** Changes one after the other: each begins with what is there. */
  readonly #queue = new KeyedQueue();

  constructor(options: PacketFilterOptions) {
    this.#options = options;
  }

  /** Asked of the host once: why there can be no rules here, or undefined. */
  unusable(): Promise<string | undefined> {
    this.#unusable ??= this.#probe();
    return this.#unusable;
  }

  async #probe(): Promise<string | undefined> {
    const command = [this.#program(), "-w", "-t", "nat", "-S", "POSTROUTING"];
    const reason = await runProgram([...this.#options.prefix, ...command]).then(
      ({ exitCode, stderr }) => (exitCode === 0 ? undefined : stderr.trim()),
      messageOf,
    );
    if (reason !== undefined) {
      this.#options.logger.warn(
        { reason, family: this.#options.family },
        "iptables cannot be used: bridge networks do not reach beyond the host",
      );
    }
    return reason;
  }

  /** Adds rules under a tag that has none yet. */
  add(tag: string, rules: readonly FilterRule[]): Promise<void> {
    return this.#queue.run("rules", () => this.#add(tag, rules));
  }

  async #add(tag: string, rules: readonly FilterRule[]): Promise<void> {
    await this.#found();
    const added = additions(tag, rules);
    try {
      await this.#restore(added);
    } catch {
      // Somebody has taken our chains away: they are made anew once.
      this.#founded = undefined;
      await this.#found();
      await this.#restore(added);
    }
  }

  /** Makes these the rules of a tag, in place of those it had. */
  replace(tag: string, rules: readonly FilterRule[]): Promise<void> {
    return this.#queue.run("rules", async () => {
      this.#founded = undefined;
      await this.#found();
      const removed = await this.#removals(tag);
      await this.#restore(merge(removed, additions(tag, rules)));
    });
  }

  remove(tag: string): Promise<void> {
    return this.#queue.run("rules", async () => this.#restore(await this.#removals(tag)));
  }

  async #removals(tag: string): Promise<Changes> {
    const present = await this.#save();
    const tagged = new RegExp(`--comment "?${tag}"?(\\s|$)`);
    return Object.fromEntries(
      tables.map((table) => [
        table,
        (present.get(table) ?? [])
          .filter((rule) => tagged.test(rule))
          .map((rule) => rule.replace(/^-A/, "-D")),
      ]),
    );
  }

  #found(): Promise<void> {
    this.#founded ??= this.#lay();
    return this.#founded;
  }

  /** Makes the chains that are not there yet. */
  async #lay(): Promise<void> {
    const present = await this.#save();
    const missing = Object.fromEntries(
      tables.map((table) => {
        const lines = present.get(table) ?? [];
        const hasChain = (name: string): boolean => lines.some((text) => text.startsWith(`:${name} `));
        const hasRule = (rule: string): boolean => lines.includes(rule.replace(/^-I/, "-A"));
        return [
          table,
          [
            ...chains[table].filter((name) => !hasChain(name)).map((name) => `:${name} - [0:0]`),
            ...foundation[table].filter((rule) => !hasRule(rule)),
          ],
        ];
      }),
    );
    await this.#restore(missing);
  }

  async #save(): Promise<ReadonlyMap<string, readonly string[]>> {
    const { exitCode, stdout, stderr } = await runProgram([
      ...this.#options.prefix,
      `${this.#program()}-save`,
    ]);
    if (exitCode !== 0) throw new EngineError("internal", `list packet filter: ${stderr.trim()}`);
    const found = new Map<string, string[]>();
    let rules: string[] = [];
    for (const text of stdout.split("\n")) {
      if (text.startsWith("*")) {
        rules = [];
        found.set(text.slice(1).trim(), rules);
      } else if (text.startsWith(":") || text.startsWith("-")) rules.push(text.trim());
    }
    return found;
  }

  async #restore(changes: Changes): Promise<void> {
    const parts = tables.flatMap((table) => {
      const lines = changes[table] ?? [];
      return lines.length === 0 ? [] : [`*${table}`, ...lines, "COMMIT"];
    });
    if (parts.length === 0) return;
    const command = [`${this.#program()}-restore`, "--wait", "--noflush"];
    const { exitCode, stderr } = await runProgram([...this.#options.prefix, ...command], {
      input: `${parts.join("\n")}\n`,
    });
    if (exitCode !== 0) throw new EngineError("internal", `change packet filter: ${stderr.trim()}`);
  }

  #program(): string {
    return this.#options.family === 4 ? "iptables" : "ip6tables";
  }
}

/** Lines of `iptables-restore` by table. */
type Changes = Readonly<Partial<Record<string, readonly string[]>>>;

const additions = (tag: string, rules: readonly FilterRule[]): Changes =>
  Object.fromEntries(
    tables.map((table) => [
      table,
      rules
        .filter((rule) => rule.table === table)
        .map(({ chain, words }) => `-A ${chain} -m comment --comment ${tag} ${words.join(" ")}`),
    ]),
  );

const merge = (first: Changes, second: Changes): Changes =>
  Object.fromEntries(tables.map((table) => [table, [...(first[table] ?? []), ...(second[table] ?? [])]]));
