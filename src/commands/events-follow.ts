/** `concord events --follow`: the newest events, and then each new one, until stopped. */
import type { ConcordEvent } from '../events/event.ts';
import { summary } from '../events/summary.ts';
import type { UserKey } from '../identity.ts';
import type { EventReader, EventTail } from '../ports/event-log.ts';
import { printLine, SCHEMA_VERSION } from '../terminal/output.ts';
import { visible } from '../terminal/visible.ts';
import type { Terminal } from './command.ts';

export interface Followed {
  readonly events: Pick<EventReader, 'read'>;
  readonly tail: EventTail;
  readonly user: UserKey | undefined;
  /** The most earlier events to print. */
  readonly limit: number;
}

const USER_WIDTH = 36;
const TYPE_WIDTH = 26;

/** Ends at the first SIGINT or SIGTERM, and when the reader of stdout is gone. */
export async function followEvents(followed: Followed, terminal: Terminal): Promise<void> {
  const enough = new AbortController();
  const end = () => enough.abort();
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  terminal.stdout.once('close', end);
  terminal.stdout.once('error', end);
  try {
    await tell(followed, terminal, enough.signal);
  } finally {
    process.removeListener('SIGINT', end);
    process.removeListener('SIGTERM', end);
  }
}

async function tell(followed: Followed, terminal: Terminal, signal: AbortSignal): Promise<void> {
  const { user, limit } = followed;
  // Started first, so that no event is lost between old and new ones; an event in both is printed once.
  const coming = await followed.tail.follow(user, signal);
  const before: ConcordEvent[] = [];
  const query = { newestFirst: true, limit, ...(user === undefined ? {} : { user }) };
  for await (const event of followed.events.read(query)) before.push(event);
  for (const event of before.toReversed()) await print(event, terminal);
  const told = new Set(before.map(({ _id }) => _id));
  for await (const event of coming) if (!told.has(event._id)) await print(event, terminal);
}

async function print(event: ConcordEvent, { json, stdout, style }: Terminal): Promise<void> {
  if (json) return printLine({ schemaVersion: SCHEMA_VERSION, ...eventToJson(event) }, stdout);
  // Fixed widths: later events are unknown yet, so a table cannot be laid out.
  const user = visible(event.user ?? '–').padEnd(USER_WIDTH);
  const type = event.type.padEnd(TYPE_WIDTH);
  const line = `${style('dim', event.at.toISOString())}  ${user}  ${type}  ${visible(summary(event))}`;
  stdout.write(`${line.trimEnd()}\n`);
}

export function eventToJson(event: ConcordEvent) {
  return { ...event, id: event._id, _id: undefined };
}
