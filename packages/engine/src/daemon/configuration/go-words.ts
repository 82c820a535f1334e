/** How a flag is written. */
export interface FlagShape {
  readonly flag: string;
  readonly short?: string | undefined;
  /** Alone it means true; a value stands after `=` only. */
  readonly isSwitch: boolean;
}

/**
 * Rewrites a command line in Go's grammar, as dockerd reads it, to one where each known flag is `--name=value` or
 * `--name` and its value: `-D` is `--debug=true`, `-DH=x` is `--debug=true --host=x`, and `--debug false` leaves `false`
 * to be an argument.
 */
export function expandWords(argv: readonly string[], shapes: readonly FlagShape[]): readonly string[] {
  const words: string[] = [];
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--") return [...words, word, ...rest];
    const expanded = word.startsWith("--") ? expandLong(word, shapes) : expandShort(word, shapes);
    words.push(...expanded.words);
    const value = expanded.takesNext ? rest.shift() : undefined;
    // Joined, so that a value may begin with a dash.
    if (value !== undefined) words.push(`${words.pop() ?? ""}=${value}`);
  }
  return words;
}

interface Expanded {
  readonly words: readonly string[];
  /** The next word is this flag's value. */
  readonly takesNext: boolean;
}

function expandLong(word: string, shapes: readonly FlagShape[]): Expanded {
  const shape = word.includes("=") ? undefined : shapes.find(({ flag }) => word === `--${flag}`);
  if (shape?.isSwitch) return { words: [`${word}=true`], takesNext: false };
  return { words: [word], takesNext: shape !== undefined };
}

function expandShort(word: string, shapes: readonly FlagShape[]): Expanded {
  const words: string[] = [];
  if (!/^-[a-zA-Z]/.test(word)) return { words: [word], takesNext: false };
  for (let at = 1; at < word.length; at += 1) {
    const shape = shapes.find(({ short }) => short === word.charAt(at));
    if (shape === undefined) return { words: [...words, `-${word.slice(at)}`], takesNext: false };
    const tail = word.slice(at + 1);
    if (tail.startsWith("=")) return { words: [...words, `--${shape.flag}${tail}`], takesNext: false };
    if (shape.isSwitch) words.push(`--${shape.flag}=true`);
    else if (tail === "") return { words: [...words, `--${shape.flag}`], takesNext: true };
    else return { words: [...words, `--${shape.flag}=${tail}`], takesNext: false };
  }
  return { words, takesNext: false };
}
