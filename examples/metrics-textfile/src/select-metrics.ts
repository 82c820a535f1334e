/** The families of a text in Prometheus' format whose names match: samples with their HELP and TYPE, in their order. */
export function selectMetrics(text: string, only: RegExp): string {
  const lines = text.split("\n").filter((line) => {
    const name = /^(?:# (?:HELP|TYPE) )?([a-zA-Z_:][a-zA-Z0-9_:]*)/.exec(line)?.[1];
    return name !== undefined && only.test(name);
  });
  return lines.map((line) => `${line}\n`).join("");
}
