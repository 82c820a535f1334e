/** In characters, not in bytes. */
const width = (text: string): number => Array.from(text).length;

/**
 * Aligns tab-separated cells as Go's text/tabwriter does: a column is a run of lines that have a cell there,
 * the last cell of a line belongs to none.
 */
export const alignColumns = (text: string): string => alignCells(text, { narrowest: 10, gap: 3 });

/** The same with other measures of a column. */
export function alignCells(
  text: string,
  { narrowest, gap }: { readonly narrowest: number; readonly gap: number },
): string {
  const rows = text.split("\n").map((line) => line.split("\t"));
  const widths = rows.map((row) => row.map(() => 0));
  const deepest = Math.max(...rows.map((row) => row.length)) - 1;
  for (let column = 0; column < deepest; column += 1) {
    for (let start = 0; start < rows.length; start += 1) {
      let end = start;
      while (end < rows.length && (rows[end]?.length ?? 0) > column + 1) end += 1;
      if (end === start) continue;
      const cells = rows.slice(start, end).map((row) => width(row[column] ?? "") + gap);
      const widest = Math.max(narrowest, ...cells);
      for (const line of widths.slice(start, end)) line[column] = widest;
      start = end;
    }
  }
  return rows
    .map((row, y) =>
      row
        .map((cell, x) =>
          x === row.length - 1 ? cell : cell + " ".repeat((widths[y]?.[x] ?? 0) - width(cell)),
        )
        .join(""),
    )
    .join("\n");
}
