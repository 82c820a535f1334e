export interface TarEntry {
  readonly name: string;
  readonly content?: string | Uint8Array;
  /** A symbolic link to that place, wherever it is. */
  readonly symlink?: string;
  /** Another name of that file, wherever it is. */
  readonly hardlink?: string;
  /** A character device with these numbers. */
  readonly device?: readonly [major: number, minor: number];
}

const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, "0")}\0`;

/** A tar that says exactly what is given, which no honest program would write. https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html */
export function tarOf(entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap(blocksOf), Buffer.alloc(1024)]);
}

function blocksOf({ name, content = "", symlink, hardlink, device }: TarEntry): readonly Buffer[] {
  const body = Buffer.from(content);
  const header = Buffer.alloc(512);
  const type = device ? "3" : symlink === undefined ? (hardlink === undefined ? "0" : "1") : "2";
  header.write(name, 0, 100);
  header.write(octal(0o644, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(body.length, 12), 124);
  header.write(octal(0, 12), 136);
  header.write(" ".repeat(8), 148);
  header.write(type, 156);
  header.write(symlink ?? hardlink ?? "", 157, 100);
  header.write("ustar\x0000", 257);
  if (device) {
    header.write(octal(device[0], 8), 329);
    header.write(octal(device[1], 8), 337);
  }
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return [header, body, Buffer.alloc((512 - (body.length % 512)) % 512)];
}
