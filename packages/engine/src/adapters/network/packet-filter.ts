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
    // Before whatever is there: what was accepted already is not looked at again.
    "-I DAVIT-FORWARD -j DAVIT-ISOLATE-1",
    // What was published may be reached from every network.
    "-I DAVIT-ISOLATE-2 -m conntrack --ctstate DNAT -j RETURN",
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

  /** Makes these the rules of a tag, in place of those it had. */
  replace(tag: string, rules: readonly FilterRule[]): Promise<void> {
    return this.#queue.run("rules", async () => {
      const present = await this.#save();
      await this.#restore(merge(missing(present), removals(present, tag), additions(tag, rules)));
    });
  }

  /** Makes the rules of tags whole again, where another program has flushed them; `wanted` is asked when no other change is under way. */
  mend(wanted: () => ReadonlyMap<string, readonly FilterRule[]>): Promise<void> {
    return this.#queue.run("rules", async () => {
      const present = await this.#save();
      const all = [...present.values()].flat();
      const broken = [...wanted()].filter(
        ([tag, rules]) => all.filter((rule) => isTagged(rule, tag)).length !== rules.length,
      );
      const changes = merge(
        missing(present),
        ...broken.flatMap(([tag, rules]) => [removals(present, tag), additions(tag, rules)]),
      );
      if (Object.values(changes).flat().length === 0) return;
      this.#options.logger.warn(
        { family: this.#options.family },
        "rules of the packet filter were gone: made anew",
      );
      await this.#restore(changes);
    });
  }

  remove(tag: string): Promise<void> {
    return this.#queue.run("rules", async () => this.#restore(removals(await this.#save(), tag)));
  }

  async #save(): Promise<Saved> {
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

/** Chains and rules by table, as `iptables-save` prints them. */
type Saved = ReadonlyMap<string, readonly string[]>;

/** Lines of `iptables-restore` by table. */
type Changes = Readonly<Partial<Record<string, readonly string[]>>>;

const changesOf = (linesOf: (table: FilterTable) => readonly string[]): Changes =>
  Object.fromEntries(tables.map((table) => [table, linesOf(table)]));

const additions = (tag: string, rules: readonly FilterRule[]): Changes =>
  changesOf((table) =>
    rules
      .filter((rule) => rule.table === table)
      .map(({ chain, words }) => `-A ${chain} -m comment --comment ${tag} ${words.join(" ")}`),
  );

const isTagged = (rule: string, tag: string): boolean => new RegExp(`--comment "?${tag}"?(\\s|$)`).test(rule);

const removals = (present: Saved, tag: string): Changes =>
  changesOf((table) =>
    (present.get(table) ?? []).filter((rule) => isTagged(rule, tag)).map((rule) => rule.replace(/^-A/, "-D")),
  );

/** The chains that are not there yet, and what leads to them. */
const missing = (present: Saved): Changes =>
  changesOf((table) => {
    const lines = present.get(table) ?? [];
    return [
      ...chains[table]
        .filter((name) => !lines.some((text) => text.startsWith(`:${name} `)))
        .map((name) => `:${name} - [0:0]`),
      ...foundation[table].filter((rule) => !lines.includes(rule.replace(/^-I/, "-A"))),
    ];
  });

const merge = (...all: readonly Changes[]): Changes =>
  changesOf((table) => all.flatMap((changes) => changes[table] ?? []));
