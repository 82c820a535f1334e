/**
 * Makes what an engine says comparable: IDs become numbers in the order in which each line brings them up, those of networks their names; what is random, or a
 * place, is blanked.
 */
export class EvenedIds {
  readonly #engineDir: string;
  readonly #names = new Map<string, string>();
  #passing: string[] = [];

  constructor(engineDir: string) {
    this.#engineDir = engineDir;
  }

  /** From now on an ID goes by a name. */
  name(id: string, name: string): void {
    this.#names.set(id, name);
  }

  /** The next line is typed: IDs without a name are counted from one again. */
  startLine(): void {
    this.#passing = [];
  }

  even(text: string): string {
    return text
      .replaceAll(/"SandboxKey":"[^"]*"/g, '"SandboxKey":"{sandbox}"')
      .replaceAll(this.#engineDir, "{engine}")
      .replaceAll(/\b[0-9a-f]{64}\b/g, (id) => this.#of(id))
      .replaceAll(/\b[0-9a-f]{12}\b/g, (short) => this.#ofShort(short))
      .replaceAll(/\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b/g, "{mac}")
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)/g, "{time}")
      .replaceAll(/failed to create endpoint \w+ on/g, "failed to create endpoint {container} on")
      .replaceAll(/on endpoint \w+ \(/g, "on endpoint {container} (")
      .replaceAll(/= [\d./]+ ms/g, "= {durations} ms");
  }

  #of(id: string): string {
    const name = this.#names.get(id);
    if (name !== undefined) return `{${name}}`;
    if (!this.#passing.includes(id)) this.#passing.push(id);
    return `{id ${String(this.#passing.indexOf(id) + 1)}}`;
  }

  #ofShort(short: string): string {
    const id = [...this.#names.keys(), ...this.#passing].find((candidate) => candidate.startsWith(short));
    return id === undefined ? "{short id}" : `{short ${this.#of(id)}}`;
  }
}
