/** The numbers, each a link to the users that it counts. */
import type { OverviewAnswer } from '../../src/dashboard-data/answers/overview.ts';
import { usersHref } from '../place.ts';
import { number, type Tone } from '../words.ts';

interface Tile {
  readonly name: string;
  readonly value: number;
  /** Where the number is not 0. */
  readonly tone?: Tone;
  readonly href?: string;
}

export function Counts({ seen }: { seen: OverviewAnswer }) {
  const { users, queue } = seen;
  const standing: readonly Tile[] = [
    { name: 'known', value: users.known, href: usersHref({}) },
    { name: 'in sync', value: users.synced, href: usersHref({ sync: 'Synced' }), tone: 'good' },
    { name: 'out of sync', value: users.outOfSync, href: usersHref({ sync: 'OutOfSync' }), tone: 'warn' },
    { name: 'unknown', value: users.unknown, href: usersHref({ sync: 'Unknown' }), tone: 'unknown' },
    {
      name: 'never reconciled',
      value: users.unseen,
      href: usersHref({ situation: 'unseen' }),
      tone: 'unknown',
    },
    {
      name: 'deleted in Auth0',
      value: users.deleted,
      href: usersHref({ situation: 'deleted' }),
      tone: 'idle',
    },
  ];
  const waiting: readonly Tile[] = [
    { name: 'due', value: queue.due, tone: 'busy' },
    { name: 'failing', value: users.failing, href: usersHref({ situation: 'failing' }), tone: 'bad' },
    {
      name: 'backing off',
      value: users.backingOff,
      href: usersHref({ situation: 'backing-off' }),
      tone: 'warn',
    },
    {
      name: 'quarantined',
      value: users.quarantined,
      href: usersHref({ situation: 'quarantined' }),
      tone: 'bad',
    },
    { name: 'held', value: users.held, href: usersHref({ situation: 'held' }), tone: 'warn' },
    { name: 'paused', value: users.paused, href: usersHref({ situation: 'paused' }), tone: 'idle' },
  ];
  return (
    <section class="counts" aria-label="Users in numbers">
      <Tiles label="Users by status" tiles={standing} />
      <Tiles label="Queue and decisions" tiles={waiting} />
    </section>
  );
}

function Tiles({ label, tiles }: { label: string; tiles: readonly Tile[] }) {
  return (
    <ul class="tiles" aria-label={label}>
      {tiles.map(({ name, value, tone, href }) => {
        const inner = (
          <>
            <b class={value > 0 && tone !== undefined ? tone : ''}>{number(value)}</b> <span>{name}</span>
          </>
        );
        return (
          <li key={name}>
            {href === undefined ? (
              <div class="tile">{inner}</div>
            ) : (
              <a class="tile" href={href}>
                {inner}
              </a>
            )}
          </li>
        );
      })}
    </ul>
  );
}
