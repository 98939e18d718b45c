/** `concord events [user]`: the newest lines of the event log, in the order in which they happened. Reads only. */

import type { ConcordEvent } from '../events/event.ts';
import { summary } from '../events/summary.ts';
import { printJson } from '../terminal/output.ts';
import { formatTable } from '../terminal/table.ts';
import { wireReadSide } from '../wiring/read-side.ts';
import { EXIT, type ExitCode, type GlobalOptions, reachedConfigFor, terminalOf } from './command.ts';
import { eventToJson, followEvents } from './events-follow.ts';
import { findUser } from './user/find-user.ts';

export interface EventsOptions extends GlobalOptions {
  /** The most lines to show: the newest. */
  readonly limit: number;
  /** Go on with each line as it is written. */
  readonly follow?: boolean | undefined;
}

export async function runEvents(text: string | undefined, options: EventsOptions): Promise<ExitCode> {
  // Only an email address is looked up in Auth0; everything else is answered by MongoDB alone.
  const byEmail = text?.includes('@') === true && !text.startsWith('@') && !text.includes('|');
  const config = await reachedConfigFor(options, byEmail ? ['mongodb', 'auth0'] : ['mongodb']);
  const terminal = terminalOf(options);
  const { stdout, json, style } = terminal;
  const side = wireReadSide(config);
  try {
    const user = text === undefined ? undefined : (await findUser(text, side.tenants, side.assess)).user;
    if (options.follow === true) {
      const { assess, tail } = side;
      await followEvents({ events: assess.events, tail, user, limit: options.limit }, terminal);
      return EXIT.clean;
    }
    const events: ConcordEvent[] = [];
    const query = { newestFirst: true, limit: options.limit, ...(user === undefined ? {} : { user }) };
    for await (const event of side.assess.events.read(query)) events.push(event);
    events.reverse();
    if (json) {
      printJson({ command: 'events', events: events.map(eventToJson) });
      return EXIT.clean;
    }
    if (events.length === 0) {
      stdout.write('The log has no such events.\n');
      return EXIT.clean;
    }
    const rows = events.map((event) => [
      event.at.toISOString(),
      event.user ?? '–',
      event.type,
      summary(event),
    ]);
    stdout.write(
      `${formatTable({ head: ['AT', 'USER', 'EVENT', 'WHAT'], rows, style, width: stdout.columns })}\n`,
    );
    return EXIT.clean;
  } finally {
    await side.close();
  }
}
