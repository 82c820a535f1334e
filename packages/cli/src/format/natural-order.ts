const collator = new Intl.Collator("en", { numeric: true });

/** `v2` before `v10`. */
export const naturally = (a: string, b: string): number => collator.compare(a, b);
