/**
 * The text of a delivery -> its entries.
 *
 * The text alone decides the format, because an administrator can type any content type for a log stream. After a
 * refusal Auth0 delivers the same body again, for ever. So only a body that is no delivery is refused; a broken entry
 * becomes a reject.
 *
 * | body                                          | reading                                     |
 * |-----------------------------------------------|---------------------------------------------|
 * | `[…]`, `{"logs": […]}`                        | its elements, whatever they are; may be none |
 * | an object with `log_id`, or with `data`       | that one entry                              |
 * | lines of any of these (CRLF, blank lines)     | all their entries; a broken line is a reject |
 * | nothing, or only white space                  | refused: an answer of 200 would hide a proxy that strips bodies |
 * | a CloudEvent, any other object, null, a number, text | refused                              |
 * | little more than brackets, and large          | refused                                     |
 *
 * Every entry is read, since the answer acknowledges them all; the size of the body bounds their number. Of broken lines the
 * first ones are kept, and the rest are counted.
 */

import type { UnreadableEntry } from '../engine/intake/ingest.ts';
import { MAX_KEPT_REJECTS } from '../engine/intake/kept-rejects.ts';
import { Slices } from '../engine/intake/slices.ts';

export type BodyReading =
  | {
      readonly type: 'delivery';
      readonly entries: readonly unknown[];
      /** Lines that are not JSON. */
      readonly unreadable: readonly UnreadableEntry[];
    }
  /** `detail` says what is wrong, and quotes nothing. */
  | { readonly type: 'refused'; readonly detail: string };

const NOT_JSON = 'the line is not JSON';

/** Lets other requests be answered while it reads many lines. */
export async function readBody(body: string): Promise<BodyReading> {
  // Trimming also removes a byte order mark.
  const text = body.trim();
  if (text === '') return { type: 'refused', detail: 'The body is empty.' };
  const whole = parseJson(text);
  if (whole.ok) return readWhole(whole.value);
  if (text.includes('\n')) return readLines(text);
  return {
    type: 'refused',
    detail: whole.isDense
      ? DENSE
      : `The body is neither JSON nor JSON lines: its only line, ${text.length} characters long, is not JSON.`,
  };
}

/**
 * The text of one event of an event stream. Auth0 never repeats a refused event, so every CloudEvent is ingested, if only
 * as a reject.
 *
 * | body                          | reading        |
 * |-------------------------------|----------------|
 * | an object with `specversion`  | that one event |
 * | a list of them                | its elements   |
 * | anything else                 | refused        |
 */
export async function readEventBody(body: string): Promise<BodyReading> {
  const text = body.trim();
  if (text === '') return { type: 'refused', detail: 'The body is empty.' };
  const whole = parseJson(text);
  if (!whole.ok) {
    const detail = whole.isDense ? DENSE : `The body, ${text.length} characters long, is not JSON.`;
    return { type: 'refused', detail };
  }
  const events: readonly unknown[] = Array.isArray(whole.value) ? whole.value : [whole.value];
  if (events.some((event) => isObject(event) && Object.hasOwn(event, 'specversion'))) {
    return { type: 'delivery', entries: events, unreadable: [] };
  }
  return { type: 'refused', detail: 'The body is not a CloudEvent: it has no field specversion.' };
}

function readWhole(value: unknown): BodyReading {
  const list = listOf(value);
  if (list !== undefined) return { type: 'delivery', entries: list, unreadable: [] };
  if (!isObject(value)) return { type: 'refused', detail: `The body is ${nameOf(value)}, not log entries.` };
  if (Object.hasOwn(value, 'specversion')) {
    return { type: 'refused', detail: 'The body is a CloudEvent of an event stream, not log entries.' };
  }
  if (Object.hasOwn(value, 'log_id') || Object.hasOwn(value, 'data')) {
    return { type: 'delivery', entries: [value], unreadable: [] };
  }
  return {
    type: 'refused',
    detail: Object.hasOwn(value, 'logs')
      ? 'The field logs of the body is not an array.'
      : 'The body is an object without logs, log_id or data.',
  };
}

async function readLines(text: string): Promise<BodyReading> {
  const read = new Lines();
  const slices = new Slices();
  for (const line of linesOf(text)) {
    read.add(line);
    if (slices.isUsedUp) await slices.next();
  }
  return read.reading();
}

class Lines {
  readonly #entries: unknown[] = [];
  readonly #broken: UnreadableEntry[] = [];
  #moreBroken = 0;
  #lines = 0;
  #firstBroken = 0;
  #hasDelivery = false;

  add(untrimmed: string): void {
    this.#lines += 1;
    const line = untrimmed.trim();
    if (line === '') return;
    const parsed = isCutOff(line) ? NOT_PARSED : parseJson(line);
    if (parsed.ok) {
      this.#hasDelivery ||= typeof parsed.value === 'object' && parsed.value !== null;
      for (const entry of listOf(parsed.value) ?? [parsed.value]) this.#entries.push(entry);
      return;
    }
    if (this.#firstBroken === 0) this.#firstBroken = this.#lines;
    // Without the line number, so that the same line is the same reject when it is delivered again.
    if (this.#broken.length < MAX_KEPT_REJECTS) this.#broken.push({ reason: NOT_JSON, raw: line });
    else this.#moreBroken += 1;
  }

  reading(): BodyReading {
    if (this.#hasDelivery) {
      const more = this.#moreBroken === 0 ? [] : [{ reason: NOT_JSON, count: this.#moreBroken }];
      return { type: 'delivery', entries: this.#entries, unreadable: [...this.#broken, ...more] };
    }
    const first = this.#firstBroken;
    return {
      type: 'refused',
      detail:
        first === 0
          ? `None of the ${this.#lines} lines of the body is a log entry.`
          : `The body is neither JSON nor JSON lines: line ${first} of ${this.#lines} is not JSON, and no line is a log entry.`,
    };
  }
}

/** One after another: a list of them all would be many times as large as the text. */
function* linesOf(text: string): Iterable<string> {
  for (let from = 0; from <= text.length; ) {
    const end = text.indexOf('\n', from);
    yield end < 0 ? text.slice(from) : text.slice(from, end);
    from = end < 0 ? text.length + 1 : end + 1;
  }
}

function listOf(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value;
  if (isObject(value) && Object.hasOwn(value, 'logs') && Array.isArray(value.logs)) return value.logs;
  return undefined;
}

function isObject(value: unknown): value is { readonly logs?: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function nameOf(value: unknown): string {
  return value === null ? 'null' : `a ${typeof value}`;
}

// The parser's error message quotes the text, so it is dropped.
/** Found at once, where the parser takes longer to refuse a line than to read one. */
function isCutOff(line: string): boolean {
  return (line.startsWith('{') && !line.endsWith('}')) || (line.startsWith('[') && !line.endsWith(']'));
}

const NOT_PARSED = { ok: false, isDense: false } as const;
const TOO_DENSE = { ok: false, isDense: true } as const;
type Parsed = { readonly ok: true; readonly value: unknown } | typeof NOT_PARSED | typeof TOO_DENSE;

/** Below this length nothing that is parsed needs much memory. */
const SMALL = 65_536;
/** Characters for each object and list, at least; entries of Auth0 have a hundred. */
const CHARACTERS_EACH = 16;
const DENSE = 'The body has far more objects and lists than log entries have.';

/**
 * A text of little more than brackets takes thirty times its size when it is parsed, so a few of them at once take all the
 * memory of the process. Log entries are texts above all.
 */
function isDense(text: string): boolean {
  if (text.length < SMALL) return false;
  const most = text.length / CHARACTERS_EACH;
  let opened = 0;
  for (const bracket of ['{', '['])
    for (let at = text.indexOf(bracket); at >= 0 && opened <= most; at = text.indexOf(bracket, at + 1))
      opened += 1;
  return opened > most;
}

function parseJson(text: string): Parsed {
  if (isDense(text)) return TOO_DENSE;
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return NOT_PARSED;
  }
}
