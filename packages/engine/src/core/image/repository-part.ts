/** A name without its tag or digest. */
export function repositoryPart(name: string): string {
  const at = name.indexOf("@");
  if (at !== -1) return name.slice(0, at);
  const colon = name.lastIndexOf(":");
  return colon > name.lastIndexOf("/") ? name.slice(0, colon) : name;
}
