import { goText } from "./values.ts";

/** Go's fmt.Sprintf, as far as templates use it: `%s %v %d %q %t %f %x %%` with width, `-`, `0` and precision. */
export function formatPrintf(pattern: string, args: readonly unknown[]): string {
  let next = 0;
  const result = pattern.replace(
    /%(-)?(0)?(\d+)?(?:\.(\d+))?([a-zA-Z%])/g,
    (
      _all,
      left: string | undefined,
      zero: string | undefined,
      width = "0",
      precision: string | undefined,
      verb: string,
    ) => {
      if (verb === "%") return "%";
      if (next >= args.length) return `%!${verb}(MISSING)`;
      const text = formatVerb(verb, args[next++], precision === undefined ? undefined : Number(precision));
      if (left !== undefined) return text.padEnd(Number(width));
      return text.padStart(Number(width), zero === undefined ? " " : "0");
    },
  );
  return next < args.length ? `${result}%!(EXTRA ${args.slice(next).map(goText).join(", ")})` : result;
}

function formatVerb(verb: string, value: unknown, precision: number | undefined): string {
  switch (verb) {
    case "q":
      return JSON.stringify(goText(value));
    case "x":
      return typeof value === "number" ? value.toString(16) : Buffer.from(goText(value)).toString("hex");
    case "f":
      return Number(value).toFixed(precision ?? 6);
    case "s":
    case "v":
      return precision === undefined ? goText(value) : goText(value).slice(0, precision);
    case "d":
    case "t":
      return goText(value);
    default:
      return `%!${verb}(${goText(value)})`;
  }
}
