import type { Answer, Bench, Row } from './bench.js';

/** Numbers to the right, words to the left, two blanks between columns. */
export function printAnswer({ name, question }: Bench, { rows, notes }: Answer): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cells = [columns, ...rows.map((row) => cellsOf(row, columns))];
  const widths = columns.map((_, index) =>
    Math.max(...cells.map((line) => line[index]?.length ?? 0)),
  );
  const isNumeric = columns.map((column) =>
    rows.every((row) => typeof (row[column] ?? 0) === 'number'),
  );
  const lines = cells.map((line) =>
    line
      .map((cell, index) => {
        const width = widths[index] ?? 0;
        return isNumeric[index] ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  const [head = '', ...body] = lines;
  return [
    '',
    `${name}: ${question}`,
    '',
    head,
    rule,
    ...body,
    '',
    ...notes.map((note) => `  ${note}`),
    '',
  ].join('\n');
}

function cellsOf(row: Row, columns: readonly string[]): readonly string[] {
  return columns.map((column) => {
    const value = row[column];
    return typeof value === 'number'
      ? value.toLocaleString('en-GB', { maximumFractionDigits: 2 })
      : (value ?? '');
  });
}
