/** The parts of a request's target as they were sent, also where the whole URL was; neither has a fragment. */
export function splitTarget(url: string): { readonly rawPath: string; readonly rawQuery: string } {
  const target = url.replace(/^https?:\/\/[^/?#]*/, "").replace(/#.*$/s, "");
  const question = target.indexOf("?");
  return question === -1
    ? { rawPath: target, rawQuery: "" }
    : { rawPath: target.slice(0, question), rawQuery: target.slice(question + 1) };
}
