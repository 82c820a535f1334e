/** `grantAllPermissions` is `grant-all-permissions` on the command line. */
export const longName = (key: string): string =>
  key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
