/** Colour, on a terminal and unless it is switched off. */
import { styleText } from 'node:util';

export type Format = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

export interface StyleOptions {
  /** The stream that the text goes to; only a terminal gets colour. */
  readonly stream: { readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** False for `--no-color`. True by default. */
  readonly color?: boolean;
}

export type Style = (format: Format, text: string) => string;

/** NO_COLOR counts when it is set and not empty (https://no-color.org). */
export function hasColor({ stream, env, color = true }: StyleOptions): boolean {
  const asked = env['NO_COLOR'];
  return color && stream.isTTY === true && (asked === undefined || asked === '') && env['TERM'] !== 'dumb';
}

export function createStyle(options: StyleOptions): Style {
  if (!hasColor(options)) return (_format, text) => text;
  // The stream is checked above; by default Node checks stdout, which may be a pipe.
  return (format, text) => styleText(format, text, { validateStream: false });
}
