/** What may have been missed is on record, and while it is nobody is removed. */
import { describe, expect, it } from 'vitest';
import { openGaps } from '../../../src/engine/intake/gaps.ts';
import type { Policy } from '../../../src/engine/reconcile/settings.ts';
import { UpstreamError } from '../../../src/errors.ts';
import { eventId } from '../../../src/identity.ts';
import { alice, bob, otherTenant, type Person, person, tenant } from '../../mongo/subjects/people.ts';
import { failing, STREAM, tenantWithLog } from '../../support/in-memory/pulls.ts';
import {
  accountOf,
  aliceEvent,
  DAY,
  deleted,
  populate,
  sweepOnce,
  write,
} from '../../support/in-memory/sweeps.ts';
import { auth0Error } from '../../support/in-memory/tenant-logs.ts';
import {
  createWorld,
  reconcileUser,
  shownConditions,
  untilQuiet,
  type World,
} from '../../support/in-memory/world.ts';

const HOUR = 3_600_000;
const crash = new Error('the process died');

describe('a log that Auth0 does not let us read', () => {
  it('is no gap, as long as its entries are kept', async () => {
    const { world, logs, run, causes } = tenantWithLog();
    logs.write(alice);
    await run();
    await world.clock.advance(DAY);
    failing(world, { at: 'logs.after', error: auth0Error('SERVER_ERROR') });
    expect(await run()).toMatchObject({ end: 'failed', failure: 'SERVER_ERROR', gaps: [] });
    expect(await causes()).toEqual([]);
  });

  it('is one after that, once, until it is read to its end', async () => {
    const { world, logs, run, causes } = tenantWithLog();
    logs.write(alice);
    const { readUntil } = await run();
    await world.clock.advance(DAY + HOUR);
    const mend = failing(world, { at: 'logs.after', error: auth0Error('SERVER_ERROR') });
    expect(await run()).toMatchObject({ gaps: [{ cause: 'pull-failing', from: readUntil }] });
    await run();
    expect(aliceEvent(world, 'gap.opened')).toHaveLength(1);
    // A look at everyone finds what happened until now, and not what happens from now on.
    await sweepOnce(world);
    expect(await causes()).toEqual(['pull-failing']);
    mend();
    expect(await run()).toMatchObject({ end: 'caught-up', gaps: [] });
    expect(await causes()).toEqual([]);
  });

  it('is nothing new for a tenant whose log was never read', async () => {
    const { world, run } = tenantWithLog();
    failing(world, { at: 'logs.oldest', error: auth0Error('FORBIDDEN') });
    expect(await run()).toMatchObject({ end: 'failed', failure: 'FORBIDDEN', stream: 'none', gaps: [] });
    await world.clock.advance(60 * DAY);
    expect(await run()).toMatchObject({ gaps: [] });
  });
});

describe('entries that were gone before they were read', () => {
  it.each([
    { reason: 'an absence within a day', awayMs: DAY, keptDays: 1, lost: false },
    { reason: 'a longer one, by the plan', awayMs: 6 * DAY, configured: 5, keptDays: 5, lost: true },
    { reason: 'shorter than the plan', awayMs: 4 * DAY, configured: 5, keptDays: 5, lost: false },
    { reason: 'nobody said, and the last entry is still there', awayMs: 4 * DAY, keptDays: 5, lost: false },
    { reason: 'nobody said, and the last entry is gone', awayMs: 4 * DAY, keptDays: 3, lost: true },
  ])('$reason', async ({ awayMs, configured, keptDays, lost }) => {
    const { world, logs, run, causes } = tenantWithLog(configured);
    logs.retentionMs = keptDays * DAY;
    logs.write(alice);
    const { readUntil } = await run();
    await world.clock.advance(awayMs);
    logs.write(bob);
    expect(await run()).toMatchObject({ accepted: 1, end: 'caught-up' });
    expect(await causes()).toEqual(lost ? ['retention-passed'] : []);
    if (!lost) return;
    const until = world.clock.now();
    expect(await openGaps(world.log, tenant)).toMatchObject([{ from: readUntil, until }]);
  });

  it('of a log that was empty, nobody can say', async () => {
    const { world, run, causes } = tenantWithLog();
    await run();
    await world.clock.advance(2 * DAY);
    await run();
    expect(await causes()).toEqual(['retention-passed']);
  });

  it('a place that Auth0 refuses: the rest is read from the oldest entry, and the gap is told', async () => {
    const { world, logs, run, causes } = tenantWithLog();
    const place = logs.write(alice);
    const { readUntil } = await run();
    await world.clock.advance(HOUR);
    logs.retentionMs = HOUR - 1;
    logs.unknownPlaces.add(place);
    logs.write(bob);
    expect(await run()).toMatchObject({ entries: 1, accepted: 1, end: 'caught-up' });
    expect(await openGaps(world.log, tenant)).toMatchObject([
      { cause: 'checkpoint-gone', from: readUntil, until: world.clock.now() },
    ]);
    expect(await run()).toMatchObject({ entries: 0 });
    expect(await causes()).toEqual(['checkpoint-gone']);
  });

  it('an entry from which Auth0 does not read on is no reason to go in circles', async () => {
    const { world, logs, run } = tenantWithLog();
    const place = logs.write(alice);
    await run();
    logs.unknownPlaces.add(place);
    for (let again = 0; again < 3; again += 1) {
      expect(await run()).toMatchObject({ end: 'failed', failure: 'BAD_REQUEST', entries: 1 });
    }
    expect(aliceEvent(world, 'gap.opened')).toHaveLength(1);
  });

  it('a refusal of everything is a failure, and no gap', async () => {
    const { world, logs, run, causes } = tenantWithLog();
    const place = logs.write(alice);
    await run();
    logs.unknownPlaces.add(place);
    failing(world, { at: 'logs.oldest', error: auth0Error('BAD_REQUEST') });
    expect(await run()).toMatchObject({ end: 'failed', failure: 'BAD_REQUEST' });
    expect(await causes()).toEqual([]);
  });

  it('the gap is on record before the position moves past it', async () => {
    const { world, logs, run, causes } = tenantWithLog(1);
    logs.write(alice);
    await run();
    await world.clock.advance(2 * DAY);
    logs.write(bob);
    failing(world, { at: 'cursors.set', error: crash, once: true });
    await expect(run()).rejects.toThrow('the process died');
    expect(await causes()).toEqual(['retention-passed']);
  });

  it('a complete sweep that began later closes it, and none that broke off', async () => {
    const { world, logs, run, causes } = tenantWithLog(1);
    logs.write(alice);
    await run();
    await world.clock.advance(2 * DAY);
    await run();
    await sweepOnce(world);
    expect(await causes(), 'begun in the same moment').toEqual(['retention-passed']);
    await world.clock.advance(1);
    world.directory.breakListAfter(0);
    world.directory.put({ ...listed(alice) });
    await sweepOnce(world);
    expect(await causes(), 'broken off').toEqual(['retention-passed']);
    world.directory.breakListAfter(10);
    await sweepOnce(world);
    expect(await causes()).toEqual([]);
    expect(aliceEvent(world, 'gap.closed')).toMatchObject([{ data: { by: 'sweep' } }]);
  });
});

describe('the log stream', () => {
  it.each([
    ['paused', [{ ...STREAM, status: 'paused' }], 'stream-paused'],
    ['suspended', [{ ...STREAM, status: 'suspended' }], 'stream-suspended'],
    ['missing', [], 'stream-missing'],
  ] as const)('%s: a gap, once, until it delivers again', async (standing, streams, cause) => {
    const { world, logs, run, causes } = tenantWithLog();
    logs.streamsNow = [STREAM];
    expect(await run()).toMatchObject({ stream: 'active', gaps: [] });
    logs.streamsNow = streams;
    expect(await run()).toMatchObject({ stream: standing, gaps: [{ cause, until: undefined }] });
    await run();
    expect(aliceEvent(world, 'gap.opened')).toHaveLength(1);
    await sweepOnce(world);
    expect(await causes()).toEqual([cause]);
    logs.streamsNow = [STREAM];
    expect(await run()).toMatchObject({ stream: 'active', gaps: [] });
    expect(aliceEvent(world, 'gap.closed')).toMatchObject([{ data: { by: 'pull' } }]);
  });

  it('that was never there is none, and one of others is not ours', async () => {
    const { logs, run } = tenantWithLog();
    const elsewhere = { ...STREAM, status: 'paused', endpoint: `${STREAM.endpoint}-2` } as const;
    logs.streamsNow = [elsewhere, { id: 'lst_2', status: 'paused', endpoint: undefined }];
    expect(await run()).toMatchObject({ stream: 'none', gaps: [] });
    logs.streamsNow = [{ ...elsewhere, endpoint: 'nowhere' }, { ...STREAM, status: 'paused' }, STREAM];
    expect(await run()).toMatchObject({ stream: 'active', gaps: [] });
  });

  it('from paused to suspended: there is no moment without a gap', async () => {
    const { world, logs, run, causes } = tenantWithLog();
    logs.streamsNow = [{ ...STREAM, status: 'paused' }];
    await run();
    logs.streamsNow = [{ ...STREAM, status: 'suspended' }];
    await run();
    expect(await causes()).toEqual(['stream-suspended']);
    expect(world.log.events.filter(({ type }) => type.startsWith('gap.')).map(({ type }) => type)).toEqual([
      'gap.opened',
      'gap.opened',
      'gap.closed',
    ]);
  });

  it('active again, and the log not read to its end: the gap stays', async () => {
    const { logs, run, causes } = tenantWithLog();
    logs.streamsNow = [{ ...STREAM, status: 'paused' }];
    await run();
    for (let n = 0; n < 3; n += 1) logs.write(person(`p${n}`));
    logs.streamsNow = [STREAM];
    expect(await run({ maxPages: 1 })).toMatchObject({ end: 'more', stream: 'active' });
    expect(await causes()).toEqual(['stream-paused']);
  });

  it('that nobody may look at is unknown, and changes nothing', async () => {
    const { world, logs, run, causes } = tenantWithLog();
    logs.streamsNow = [{ ...STREAM, status: 'paused' }];
    await run();
    logs.streamsNow = [STREAM];
    failing(world, { at: 'logs.streams', error: auth0Error('FORBIDDEN') });
    expect(await run()).toMatchObject({ end: 'caught-up', stream: 'unknown' });
    expect(await causes()).toEqual(['stream-paused']);
  });
});

describe('behind a gap', () => {
  const OPENED = { cause: 'stream-paused', from: new Date(0).toISOString(), until: null } as const;

  /** Opens one, and returns what closes it. */
  async function gap(world: World): Promise<() => Promise<void>> {
    await write(world, 'gap.opened', OPENED);
    const opened = aliceEvent(world, 'gap.opened').at(-1);
    if (opened === undefined) throw new Error('No gap was opened.');
    return () => write(world, 'gap.closed', { gap: opened._id, by: 'pull' });
  }

  it('no sweep grants a removal, and the one after it does', async () => {
    const { world, first } = await tenantOf(21, DELETE);
    await due(world, first);
    const close = await gap(world);
    expect(await sweepOnce(world)).toMatchObject({ removals: 0, halts: [] });
    await untilQuiet(world);
    expect(accountOf(world, first)?.status).toBe('active');
    await close();
    expect(await sweepOnce(world)).toMatchObject({ removals: 1 });
    await untilQuiet(world);
    expect(accountOf(world, first)).toBeUndefined();
  });

  it.each(['delete', 'deactivate'] as const)('%s: a grant of before waits', async (removal) => {
    const { world, first } = await tenantOf(21, { ...DELETE, removal });
    await due(world, first);
    await write(world, 'removal.granted', { run: eventId('run'), by: 'bob' }, first);
    const close = await gap(world);
    await reconcileUser(world, first);
    expect(await shownConditions(world, first.user)).toMatchObject({ account: 'False RemovalWithheld' });
    expect(accountOf(world, first)?.status).toBe('active');
    await close();
    await reconcileUser(world, first);
    expect(accountOf(world, first)?.status).toBe(removal === 'delete' ? undefined : 'deactivated');
  });

  it('of another tenant nobody waits', async () => {
    const { world, first } = await tenantOf(21, DELETE);
    await due(world, first);
    await write(world, 'gap.opened', OPENED, undefined, otherTenant);
    expect(await sweepOnce(world)).toMatchObject({ removals: 1 });
    await untilQuiet(world);
    expect(accountOf(world, first)).toBeUndefined();
  });

  it('that cannot be read nobody is removed', async () => {
    const { world, first } = await tenantOf(21, DELETE);
    await due(world, first);
    await write(world, 'removal.granted', { run: eventId('run'), by: 'bob' }, first);
    world.hooks.before = ({ port, method }) => {
      if (port === 'log' && method === 'read')
        throw new UpstreamError('away', { upstream: 'mongodb', code: 'UNREACHABLE', retryable: true });
    };
    await reconcileUser(world, first);
    world.hooks.before = undefined;
    expect(await shownConditions(world, first.user)).toMatchObject({ account: 'Unknown NotObserved' });
    expect(accountOf(world, first)?.status).toBe('active');
  });
});

const DELETE: Partial<Policy> = { removal: 'delete', removalGraceMs: 30 * DAY };

async function tenantOf(count: number, policy: Partial<Policy>) {
  const world = createWorld({ policy });
  const [first] = await populate(world, count);
  if (first === undefined) throw new Error('Nobody is there.');
  return { world, first };
}

/** Both proofs are there, and the grace is over. */
async function due(world: World, who: Person): Promise<void> {
  await deleted(world, who);
  await untilQuiet(world);
  expect(await shownConditions(world, who.user)).toMatchObject({ account: 'False RemovalDue' });
}

function listed({ userId }: Person) {
  return { userId, email: 'alice@example.com', emailVerified: true, blocked: false, createdAt: new Date(0) };
}
