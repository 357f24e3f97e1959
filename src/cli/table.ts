/** Rows under a heading, in columns as wide as they need; numbers to the right. Empty cells are a dash. */
export function table(
  heading: readonly string[],
  rows: readonly (readonly (string | number | null)[])[],
): string {
  const cells = rows.map((row) => row.map((cell) => (cell === null || cell === '' ? '–' : String(cell))));
  const widths = heading.map((name, i) => Math.max(name.length, ...cells.map((row) => row[i]?.length ?? 0)));
  const right = heading.map(
    (_, i) => rows.length > 0 && rows.every((row) => row[i] === null || typeof row[i] === 'number'),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (right[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd();
  return [line(heading), line(widths.map((width) => '─'.repeat(width))), ...cells.map(line)].join('\n');
}
