import { Failure, messageOf } from "../failure.ts";

/** JSON to values, where integers that a double cannot hold become bigints. */
export function parseJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text, keepIntegers);
  } catch (error) {
    throw new Failure(`unexpected answer from daemon to ${source}: ${messageOf(error)}`, { cause: error });
  }
}

// The third parameter is ES2026's source text access, which the typed library does not know yet.
function keepIntegers(
  _key: string,
  value: unknown,
  ...rest: readonly { readonly source?: string }[]
): unknown {
  const source = rest[0]?.source;
  if (
    typeof value === "number" &&
    !Number.isSafeInteger(value) &&
    source !== undefined &&
    /^-?\d+$/.test(source)
  ) {
    return BigInt(source);
  }
  return value;
}
