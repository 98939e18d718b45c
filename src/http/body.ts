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
 */
import type { UnreadableEntry } from '../engine/intake/ingest.ts';

export type BodyReading =
  | {
      readonly type: 'delivery';
      readonly entries: readonly unknown[];
      /** Lines that are not JSON. */
      readonly unreadable: readonly UnreadableEntry[];
    }
  /** `detail` says what is wrong, and quotes nothing. */
  | { readonly type: 'refused'; readonly detail: string };

export function readBody(body: string): BodyReading {
  // Trimming also removes a byte order mark.
  const text = body.trim();
  if (text === '') return { type: 'refused', detail: 'The body is empty.' };
  const whole = parseJson(text);
  if (whole.ok) return readWhole(whole.value);
  const lines = text.split('\n');
  if (lines.length > 1) return readLines(lines);
  return {
    type: 'refused',
    detail: `The body is neither JSON nor JSON lines: its only line, ${text.length} characters long, is not JSON.`,
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
export function readEventBody(body: string): BodyReading {
  const text = body.trim();
  if (text === '') return { type: 'refused', detail: 'The body is empty.' };
  const whole = parseJson(text);
  if (!whole.ok) {
    return { type: 'refused', detail: `The body, ${text.length} characters long, is not JSON.` };
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

function readLines(lines: readonly string[]): BodyReading {
  const entries: unknown[] = [];
  const unreadable: UnreadableEntry[] = [];
  let firstBroken = 0;
  let hasDelivery = false;
  for (const [index, untrimmed] of lines.entries()) {
    const line = untrimmed.trim();
    if (line === '') continue;
    const parsed = parseJson(line);
    if (parsed.ok) {
      hasDelivery ||= typeof parsed.value === 'object' && parsed.value !== null;
      for (const entry of listOf(parsed.value) ?? [parsed.value]) entries.push(entry);
    } else {
      if (firstBroken === 0) firstBroken = index + 1;
      // Without the line number, so that the same line is the same reject when it is delivered again.
      unreadable.push({ reason: 'the line is not JSON', raw: line });
    }
  }
  if (hasDelivery) return { type: 'delivery', entries, unreadable };
  return {
    type: 'refused',
    detail:
      firstBroken === 0
        ? `None of the ${lines.length} lines of the body is a log entry.`
        : `The body is neither JSON nor JSON lines: line ${firstBroken} of ${lines.length} is not JSON, and no line is a log entry.`,
  };
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
function parseJson(text: string): { readonly ok: true; readonly value: unknown } | { readonly ok: false } {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false };
  }
}
