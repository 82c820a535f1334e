/** One line typed at both engines. */
export interface Step {
  /** Words are separated by spaces, `'...'` keeps them together, `{name}` is a place of this run. */
  readonly type: string;
  /** What is typed at its prompt, or is its standard input. */
  readonly answer?: string;
  /** The heading in `docs/differences.md` that tells why the engines differ here. */
  readonly differs?: string;
}

export const step = (type: string): Step => ({ type });
export const differs = (heading: string, type: string): Step => ({ type, differs: heading });
export const answered = (type: string, answer: string): Step => ({ type, answer });
