/** Words and numbers as the pages show them. */

import type { Health, Sync } from '../src/dashboard-data/answers/status.ts';
import type { HaltKind } from '../src/dashboard-data/answers/sweeps.ts';
import type { Situation } from '../src/dashboard-data/answers/users.ts';
import { formatDuration } from '../src/terminal/duration.ts';

/** What a colour and a mark stand for. Never shown without its word. */
export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'unknown' | 'idle';

/** A deleted user who lacks nothing is not in sync, and not shown in green. */
export function toneOfSync(sync: Sync, health: Health): Tone {
  switch (sync) {
    case 'Synced':
      return health === 'Deleted' || health === 'Excluded' ? 'idle' : 'good';
    case 'OutOfSync':
      return 'warn';
    case 'Unknown':
      return 'unknown';
  }
}

export function toneOfHealth(health: Health): Tone {
  switch (health) {
    case 'Healthy':
      return 'good';
    case 'Progressing':
      return 'busy';
    case 'Degraded':
      return 'bad';
    case 'Suspended':
    case 'Deleted':
    case 'Excluded':
      return 'idle';
  }
}

export function healthWord(health: Health): string {
  return health === 'Deleted' ? 'Deleted in Auth0' : health;
}

/** A deleted user who lacks nothing is not in sync, nor is an excluded one: the axis does not apply. */
export function syncWord(sync: Sync, health: Health): string {
  const isUnmanaged = health === 'Deleted' || health === 'Excluded';
  return isUnmanaged && sync === 'Synced' ? 'Not managed' : sync;
}

export function situationWord(situation: Situation): string {
  return SITUATION_WORDS[situation];
}

const SITUATION_WORDS: Readonly<Record<Situation, string>> = {
  failing: 'Failing',
  'backing-off': 'Backing off',
  quarantined: 'Quarantined',
  held: 'Needs action',
  paused: 'Paused',
  unseen: 'Never reconciled',
  deleted: 'Deleted in Auth0',
};

export function haltWord(kind: HaltKind): string {
  switch (kind) {
    case 'removals':
      return 'Removals';
    case 'renames':
      return 'Renames';
    case 'disappearances':
      return 'Disappearances';
    case 'source':
      return 'User count dropped';
  }
}

const NUMBER = new Intl.NumberFormat('en');

export function number(value: number): string {
  return NUMBER.format(value);
}

/** `1 user`, `1,204 users`. */
export function count(value: number, one: string, many = `${one}s`): string {
  return `${number(value)} ${value === 1 ? one : many}`;
}

/** `a, b and c` */
export function listed(items: readonly string[]): string {
  if (items.length < 2) return items.join('');
  return `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}

/** A sentence of the server, with times and durations as the page shows them. */
export function readable(text: string): string {
  return text
    .replace(/(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\d(?:\.\d+)?Z/g, '$1 $2 UTC')
    .replace(/\b(\d{4,15}) ms\b/g, (_, ms: string) => formatDuration(Number(ms)));
}

/** In the reader's own time zone too, for what is shown on hover. */
export function inBothZones(at: string): string {
  if (Number.isNaN(Date.parse(at))) return at;
  const own = new Date(at).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'long' });
  return own.endsWith('UTC') ? moment(at) : `${own} (${moment(at)})`;
}

/** `2026-11-23 01:14:57 UTC` */
export function moment(at: string): string {
  return Number.isNaN(Date.parse(at))
    ? at
    : `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
