const chunks = (text: string): readonly string[] => text.match(/\d+|\D+/g) ?? [];
const isNumber = (chunk: string): boolean => /^\d/.test(chunk);

/** `v2` before `v10`; else by code unit, capitals first. Not Intl.Collator: that costs milliseconds to load. */
export function naturally(a: string, b: string): number {
  const [left, right] = [chunks(a), chunks(b)];
  for (let i = 0; i < Math.min(left.length, right.length); i += 1) {
    const [x = "", y = ""] = [left[i], right[i]];
    if (x === y) continue;
    const difference = isNumber(x) && isNumber(y) ? Number(x) - Number(y) : 0;
    if (difference !== 0) return difference;
    return x < y ? -1 : 1;
  }
  return left.length - right.length;
}
