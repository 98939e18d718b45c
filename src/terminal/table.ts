/** Plain tables: columns two spaces apart, no borders, so that a line is easy to grep and to copy. */
import Table from 'cli-table3';
import type { Style } from './style.ts';
import { visible } from './visible.ts';

/** A text is untrusted, so invisible characters are escaped, also in a styled cell. */
export type Cell = string | number | undefined | StyledCell;

export interface StyledCell {
  readonly text: string;
  readonly style: (text: string) => string;
}

export interface TableOptions {
  readonly head: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** Columns, by index, that are aligned to the right. */
  readonly right?: readonly number[];
  readonly style: Style;
  /** Columns of the terminal: what is longer is cut in the widest column. Undefined for a pipe, where nothing is cut. */
  readonly width?: number | undefined;
}

const GAP = '  ';
/** A column is not cut to less than this. */
const MIN_CUT_WIDTH = 12;

const NO_BORDERS = {
  ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '' },
  ...{ bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' },
  ...{ left: '', 'left-mid': '', right: '', 'right-mid': '' },
  ...{ mid: '', 'mid-mid': '', middle: GAP },
};

/** The table as text without a line break at its end. An empty table is its head. */
export function formatTable(options: TableOptions): string {
  const widest = options.width === undefined ? undefined : cutWidest(options);
  const table = new Table({
    head: options.head.map((title) => options.style('bold', title)),
    colAligns: options.head.map((_, column) => (options.right?.includes(column) === true ? 'right' : 'left')),
    chars: NO_BORDERS,
    // By default cli-table3 colours heads and borders, also into a pipe.
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
    ...(widest === undefined
      ? {}
      : { colWidths: options.head.map((_, i) => (i === widest.column ? widest.width : null)) }),
  });
  for (const row of options.rows) table.push(options.head.map((_, column) => cellText(row[column])));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

function cellText(cell: Cell): string {
  if (cell === undefined) return '';
  if (typeof cell === 'object') return cell.style(visible(cell.text));
  return visible(String(cell));
}

function plainText(cell: Cell): string {
  return visible(typeof cell === 'object' ? cell.text : String(cell ?? ''));
}

/** Which column to cut, and to what width, so that the table fits; undefined when it does. */
function cutWidest({ head, rows, width = 0 }: TableOptions): { column: number; width: number } | undefined {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => plainText(row[column]).length)),
  );
  const excess = widths.reduce((sum, each) => sum + each, GAP.length * (widths.length - 1)) - width;
  const most = Math.max(...widths);
  if (excess <= 0) return undefined;
  return { column: widths.indexOf(most), width: Math.max(MIN_CUT_WIDTH, most - excess) };
}
