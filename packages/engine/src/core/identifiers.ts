/** A new random identifier: 64 lower-case hex digits, as plugins, containers and mounts have. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The short form in which people see an ID. */
export const shortId = (id: string): string => id.slice(0, 12);

export const isFullId = (text: string): boolean => /^[a-f0-9]{64}$/.test(text);
