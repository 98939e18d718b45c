/** Every cause: one alert opens, says what and what to type, and closes when it is mended. */
import { expect, it } from 'vitest';
import { createReceiver } from '../../src/alerts/receiver.ts';
import type { GapCause } from '../../src/events/data/runs.ts';
import type { ConcordEvent, EventData, EventType } from '../../src/events/event.ts';
import { eventId } from '../../src/identity.ts';
import { CAUSE_KINDS, type CauseKind } from '../../src/ports/alerts.ts';
import { alice, person, tenant } from '../mongo/subjects/people.ts';
import { alertReceiver } from '../support/alert-receiver.ts';
import { type AlertingWorld, alertingWorld, FIT_INDEXES, probed } from '../support/in-memory/alerts.ts';
import { until } from '../support/until.ts';
import { failing } from './people.ts';

const MINUTE = 60_000;

interface Row {
  readonly reason: string;
  readonly kind: CauseKind;
  readonly id: string;
  readonly wrong: (world: AlertingWorld) => unknown;
  readonly mend: (world: AlertingWorld) => unknown;
  readonly command: string;
  readonly users?: number;
}

let written = 0;

/** A line of the log from so many minutes ago. */
async function write<T extends EventType>(
  { log, clock }: AlertingWorld,
  type: T,
  data: EventData[T],
  { id, minutesAgo = 0 }: { readonly id?: string; readonly minutesAgo?: number } = {},
): Promise<void> {
  written += 1;
  const at = new Date(clock.now().getTime() - minutesAgo * MINUTE);
  const of = { _id: eventId(id ?? `written-${written}`), user: null, tenant, at, recordedAt: at, cause: [] };
  await log.append([{ ...of, type, data } as ConcordEvent]);
}

function failures(...people: Parameters<typeof failing>[]): Pick<Row, 'wrong' | 'mend'> {
  return {
    wrong: ({ seen }) => {
      seen.people = people.map((one) => failing(...one));
    },
    mend: ({ seen }) => {
      seen.people = [];
    },
  };
}

function gap(cause: GapCause): Pick<Row, 'wrong' | 'mend'> {
  return {
    wrong: (world) =>
      write(world, 'gap.opened', { cause, from: '2026-03-01T00:00:00.000Z', until: null }, { id: cause }),
    mend: (world) => write(world, 'gap.closed', { gap: eventId(cause), by: 'pull' }),
  };
}

const SWEPT: EventData['sweep.finished'] = {
  ...{ users: 10, drifted: 0, complete: true, durationMs: 1, resumes: 0, situations: [], orphans: null },
  totals: {
    ...{ verifications: { have: 10, of: 10 }, users: { have: 10, of: 10 }, codes: { have: 10, of: 10 } },
    ...{ handles: { have: 0, of: 10 }, accounts: { have: 10, of: 10 }, waitingForEmailVerification: 0 },
  },
};

async function sweep(
  world: AlertingWorld,
  minutesAgo: number,
  end: Partial<typeof SWEPT> = {},
): Promise<void> {
  await write(world, 'sweep.started', { users: null }, { minutesAgo: minutesAgo + 1 });
  await write(world, 'sweep.finished', { ...SWEPT, ...end }, { minutesAgo });
}

function refused(upstream: 'auth0' | 'pds', code: string): Pick<Row, 'wrong' | 'mend'> {
  return {
    wrong: ({ seen, clock }) => {
      const answer = {
        type: 'failing',
        code,
        message: `${upstream} answered so.`,
        since: clock.now(),
      } as const;
      seen.probes = [probed(upstream, answer)];
      // Of users who fail for the same reason it is the same cause.
      seen.people = [failing({ upstream, code, at: clock.now().toISOString() })];
    },
    mend: ({ seen, clock }) => {
      seen.probes = [probed(upstream, { type: 'well', since: clock.now() })];
    },
  };
}

function silence(lastMinutesAgo: number) {
  return ({ seen, clock }: AlertingWorld) => {
    const last = new Date(clock.now().getTime() - lastMinutesAgo * MINUTE).toISOString();
    // Busy days, and one on which the stream was away for ten hours, which teaches nothing.
    const pauses = {
      '2026-02-20': 9e5,
      '2026-02-21': 12e5,
      '2026-02-22': 36e6,
      '2026-02-23': 6e5,
      '2026-02-24': 18e5,
    };
    const position = JSON.stringify({ last, pauses });
    seen.positions.set(`auth0-deliveries:${tenant}`, { position, at: undefined, heldUntil: undefined });
  };
}

function logRead(minutesAgo: number) {
  return ({ seen, clock }: AlertingWorld) => {
    const at = new Date(clock.now().getTime() - minutesAgo * MINUTE);
    const position = JSON.stringify({ from: null, until: at.toISOString() });
    seen.positions.set(`auth0-log:${tenant}`, { position, at, heldUntil: undefined });
  };
}

const UNFIT = [{ ...FIT_INDEXES[0], unique: false }, ...FIT_INDEXES.slice(1)] as typeof FIT_INDEXES;
const FOREIGN = {
  collection: 'users',
  name: 'email_1',
  key: [['email', 1]],
  unique: true,
  partial: false,
} as const;
const REFUSAL =
  'MongoDB could not write: refused by the unique index email_1, and neither the user nor the code is there';

const rows: readonly Row[] = [
  {
    reason: 'users fail, and not because of an outage',
    ...{ kind: 'converge-failing', id: 'converge-failing:pds:BAD_REQUEST', users: 2 },
    ...failures([], [{ since: '2026-03-01T11:59:00.000Z' }, { who: person('bob') }]),
    command: `concord explain '${alice.user}'`,
  },
  {
    reason: 'users are left alone after too many failures',
    ...{ kind: 'quarantine', id: 'quarantine:pds:BAD_REQUEST', users: 1 },
    ...failures([{}, { quarantined: true }]),
    command: 'concord retry --failed',
  },
  {
    reason: 'the PDS does not answer',
    ...{ kind: 'unreachable', id: 'unreachable:pds', users: 1, ...refused('pds', 'UNREACHABLE') },
    command: 'curl -sS https://pds.test/xrpc/_health',
  },
  {
    reason: 'Auth0 does not answer',
    ...{ kind: 'unreachable', id: `unreachable:auth0:${tenant}`, users: 1, ...refused('auth0', 'TIMEOUT') },
    command: `concord pull --tenant ${tenant}`,
  },
  {
    reason: 'Auth0 refuses the client',
    ...{ kind: 'credentials-refused', id: `credentials-refused:auth0:${tenant}`, users: 1 },
    ...refused('auth0', 'UNAUTHORIZED'),
    command: `concord pull --tenant ${tenant}`,
  },
  {
    reason: 'the PDS refuses the administrator',
    ...{
      kind: 'credentials-refused',
      id: 'credentials-refused:pds',
      users: 1,
      ...refused('pds', 'FORBIDDEN'),
    },
    command: 'PDS_ADMIN_PASSWORD',
  },
  {
    reason: 'a stored password was sealed with a key that is not there',
    ...{ kind: 'credentials-refused', id: 'credentials-refused:sealing-keys', users: 1 },
    ...failures([{ code: 'CREDENTIAL_KEY_MISSING', upstream: null, message: 'account: sealed with key k1' }]),
    command: 'concord credentials reseal --dry-run',
  },
  ...(['stream-paused', 'stream-suspended', 'stream-missing'] as const).map((cause) => ({
    reason: `the stream is ${cause}`,
    ...{ kind: 'stream-unhealthy' as const, id: `stream-unhealthy:${tenant}:${cause}`, ...gap(cause) },
    command: `concord pull --tenant ${tenant}`,
  })),
  ...(['retention-passed', 'checkpoint-gone'] as const).map((cause) => ({
    reason: `a gap is open: ${cause}`,
    ...{ kind: 'gap' as const, id: `gap:${tenant}:${cause}`, ...gap(cause) },
    command: `concord reconcile --all --tenant ${tenant}`,
  })),
  {
    reason: 'the log could not be read for too long',
    ...{ kind: 'gap', id: `gap:${tenant}:pull-failing`, ...gap('pull-failing') },
    command: `concord pull --tenant ${tenant}`,
  },
  {
    reason: 'a busy stream has been silent for an hour and a half',
    ...{ kind: 'stream-silent', id: `stream-silent:${tenant}`, wrong: silence(90), mend: silence(0) },
    command: `concord pull --tenant ${tenant}`,
  },
  {
    reason: 'nobody has read the log for hours',
    ...{ kind: 'log-unread', id: `log-unread:${tenant}`, wrong: logRead(121), mend: logRead(0) },
    command: `concord pull --tenant ${tenant}`,
  },
  {
    reason: 'a safety limit halted the last sweep',
    ...{ kind: 'sweep-halted', id: `sweep-halted:${tenant}:removals`, users: 40 },
    wrong: async (world) => {
      const halt = { kind: 'removals', limit: 25, count: 40, of: 400, users: [alice.user] } as const;
      await write(world, 'sweep.started', { users: null }, { id: 'run-7', minutesAgo: 9 });
      await write(world, 'sweep.halted', { run: eventId('run-7'), ...halt }, { minutesAgo: 8 });
      await write(world, 'sweep.finished', SWEPT, { minutesAgo: 7 });
    },
    mend: (world) => write(world, 'sweep.approved', { run: eventId('run-7'), by: 'bob' }),
    command: 'concord approve run-7',
  },
  {
    reason: 'a safety limit halted a sweep, and a later complete one closes the halt',
    ...{ kind: 'sweep-halted', id: `sweep-halted:${tenant}:source` },
    wrong: async (world) => {
      const halt = { kind: 'source', limit: 360, count: 40, of: 400, users: [] } as const;
      await write(world, 'sweep.started', { users: null }, { id: 'run-8', minutesAgo: 9 });
      await write(world, 'sweep.halted', { run: eventId('run-8'), ...halt }, { minutesAgo: 8 });
      await write(world, 'sweep.finished', SWEPT, { minutesAgo: 7 });
    },
    mend: (world) => sweep(world, 0),
    command: 'concord approve run-8',
  },
  {
    reason: 'the listing of the last sweep broke off',
    ...{ kind: 'sweep-broken-off', id: `sweep-broken-off:${tenant}` },
    wrong: (world) => sweep(world, 5, { complete: false }),
    mend: (world) => sweep(world, 0),
    command: `concord reconcile --all --tenant ${tenant}`,
  },
  {
    reason: 'whoever swept has died, and nobody has taken it up',
    ...{ kind: 'sweep-broken-off', id: `sweep-broken-off:${tenant}` },
    wrong: (world) => write(world, 'sweep.started', { users: null }, { minutesAgo: 11 }),
    mend: (world) => sweep(world, 0),
    command: `concord reconcile --all --tenant ${tenant}`,
  },
  {
    reason: 'nobody has looked at everyone for more than a day',
    ...{ kind: 'sweep-overdue', id: `sweep-overdue:${tenant}` },
    wrong: (world) => sweep(world, 27 * 60),
    mend: (world) => sweep(world, 0),
    command: `concord reconcile --all --tenant ${tenant}`,
  },
  {
    reason: 'the index on codes is not unique',
    ...{ kind: 'index-unfit', id: 'index-unfit:users.code' },
    wrong: ({ seen }) => {
      seen.indexes = UNFIT;
    },
    mend: ({ seen }) => {
      seen.indexes = FIT_INDEXES;
    },
    command: 'concord doctor --fix',
  },
  {
    reason: 'the index on handles is missing, and nobody could create it',
    ...{ kind: 'index-unfit', id: 'index-unfit:@handles.handle' },
    wrong: ({ seen }) => {
      seen.indexes = FIT_INDEXES.slice(0, 1);
    },
    mend: ({ seen }) => {
      seen.indexes = FIT_INDEXES;
    },
    command: 'concord doctor --fix',
  },
  {
    reason: 'a unique index of somebody else refuses documents',
    ...{ kind: 'index-unfit', id: 'index-unfit:foreign:users.email_1', users: 1 },
    wrong: ({ seen }) => {
      seen.indexes = [...FIT_INDEXES, FOREIGN];
      seen.people = [failing({ code: 'DUPLICATE_KEY', upstream: 'mongodb', message: REFUSAL })];
    },
    mend: ({ seen }) => {
      seen.indexes = FIT_INDEXES;
      seen.people = [];
    },
    command: 'db.getCollection("users").dropIndex("email_1"), then: concord retry --failed',
  },
  {
    reason: 'our clock is a month ahead',
    ...{ kind: 'clock-differs', id: 'clock-differs' },
    wrong: ({ seen }) => {
      seen.clockAheadMs = 30 * 24 * 60 * MINUTE;
    },
    mend: ({ seen }) => {
      seen.clockAheadMs = -20;
    },
    command: 'concord doctor',
  },
  {
    reason: 'four of five short codes of the year are in use',
    ...{ kind: 'code-space', id: 'code-space:ac26' },
    // They are counted every ten minutes.
    wrong: ({ seen, clock }) => {
      seen.codes = 87_796;
      return clock.advance(10 * MINUTE);
    },
    mend: ({ seen, clock }) => {
      seen.codes = 10;
      return clock.advance(10 * MINUTE);
    },
    command: 'ac26',
  },
];

it.each(rows)('$id: $reason', async (row) => {
  const world = alertingWorld();
  const { clock } = world;
  const { told, url } = await alertReceiver();
  const alerting = world.process([createReceiver({ name: 'pager', format: 'json', url, timeoutMs: 5_000 })]);
  const stopping = new AbortController();
  const running = alerting.run(stopping.signal);
  await clock.advance(MINUTE);
  expect(world.store.stored.size).toBe(0);

  await row.wrong(world);
  // Seen when it is next looked, and told within the minute.
  await clock.advance(MINUTE);
  const open = [...world.store.stored.values()]
    .filter(({ phase }) => phase === 'open')
    .map(({ cause }) => cause);
  const named = open.find(({ id }) => id === row.id);
  expect(named).toMatchObject({ kind: row.kind, users: row.users });
  expect(named?.command).toContain(row.command);
  await until('it is told', () => told.some(({ cause, type }) => cause === row.id && type === 'opened'));
  // Whoever is quarantined fails as well; otherwise there is one.
  expect(open).toHaveLength(row.kind === 'quarantine' ? 2 : 1);
  await clock.advance(5 * MINUTE);

  await row.mend(world);
  await clock.advance(3 * MINUTE);
  await until('its end is told', () => told.some(({ cause, type }) => cause === row.id && type === 'closed'));
  expect(told.filter(({ cause }) => cause === row.id).map(({ type }) => type)).toEqual(['opened', 'closed']);
  stopping.abort();
  await running;
});

it('there is a row for every kind', () => {
  expect(new Set(rows.map(({ kind }) => kind))).toEqual(new Set(CAUSE_KINDS));
});
