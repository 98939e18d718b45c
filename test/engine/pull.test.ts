/** What no delivery brought is read from the log; what can be read there no more is a gap, and is said to be one. */
import { describe, expect, it } from 'vitest';
import { openGaps } from '../../src/engine/gaps.ts';
import { type PullOptions, type PullResult, pull } from '../../src/engine/pull.ts';
import { ingest } from '../../src/events/ingest.ts';
import type { LogStream } from '../../src/ports.ts';
import { alice, bob, type Person, person, tenant } from '../mongo/people.ts';
import { inMemoryCursors } from '../support/in-memory/cursors.ts';
import type { PortCall } from '../support/in-memory/hooks.ts';
import { inMemoryRejects } from '../support/in-memory/rejects.ts';
import { DAY, dueUsers, sweepOnce, told } from '../support/in-memory/sweeps.ts';
import { auth0Error, inMemoryTenantLogs } from '../support/in-memory/tenant-logs.ts';
import { createWorld, typesOf, untilQuiet, type World } from '../support/in-memory/world.ts';

const HOUR = 3_600_000;
const STREAM: LogStream = {
  id: 'lst_1',
  status: 'active',
  endpoint: `https://concord.example.com/webhooks/auth0/${tenant}`,
};

function tenantWithLog(logRetentionDays?: number) {
  const world = createWorld();
  const { hooks, log, queue, clock, random } = world;
  const logs = inMemoryTenantLogs(clock, hooks);
  const deps = {
    log,
    queue,
    clock,
    random,
    logger: world.deps.logger,
    rejects: inMemoryRejects(hooks),
    cursors: inMemoryCursors(hooks),
  };
  const of = { id: tenant, keyPrefix: '', logs, logRetentionDays };
  return {
    world,
    logs,
    deps,
    of,
    run: (options?: PullOptions): Promise<PullResult> => pull(deps, of, options),
    causes: async () => (await openGaps(log, tenant)).map(({ cause }) => cause),
  };
}

/** Fails every call of this kind from now on, or only the first; undone by what is returned. */
function failing(world: World, failure: { at: string; error: Error; once?: boolean; after?: boolean }) {
  const strike = ({ port, method }: PortCall) => {
    if (`${port}.${method}` !== failure.at) return;
    if (failure.once === true) mend();
    throw failure.error;
  };
  const mend = () => {
    world.hooks.before = undefined;
    world.hooks.after = undefined;
  };
  if (failure.after === true) world.hooks.after = strike;
  else world.hooks.before = strike;
  return mend;
}

const crash = new Error('the process died');

describe('missed entries', () => {
  it('are taken in from the oldest that is kept, once, and their users are due', async () => {
    const { world, logs, run } = tenantWithLog();
    const people = Array.from({ length: 250 }, (_, n) => person(`p${String(n).padStart(3, '0')}`));
    for (const who of people) logs.write(who, 'ss');
    expect(await run()).toMatchObject({ entries: 250, accepted: 250, end: 'caught-up', gaps: [] });
    expect(await dueUsers(world)).toEqual(people.map(({ user }) => user));

    expect(await run()).toMatchObject({ entries: 0, end: 'caught-up' });
    const id = logs.write(alice);
    expect(await run()).toMatchObject({ entries: 1, accepted: 1, readUntil: world.clock.now() });
    expect(told(world, 'auth0.log-received').at(-1)).toMatchObject({
      _id: `${tenant}:${id}`,
      user: alice.user,
      data: { logId: id, code: 's' },
    });
  });

  it('are those that no delivery brought: the others are known', async () => {
    const { world, logs, run, deps, of } = tenantWithLog();
    const first = logs.write(alice, 'ss');
    logs.write(bob, 'ss');
    await ingest(deps, of, [{ log_id: first, data: { log_id: first, type: 'ss', user_id: alice.userId } }]);
    expect(await run()).toMatchObject({ accepted: 1, duplicates: 1 });
    expect(typesOf(world, alice)).toEqual(['auth0.log-received']);
  });

  it('are none in a log with nothing in it, whose first entry is then found', async () => {
    const { logs, run } = tenantWithLog();
    expect(await run()).toMatchObject({ entries: 0, end: 'caught-up', stream: 'none' });
    logs.write(alice);
    expect(await run()).toMatchObject({ accepted: 1, gaps: [] });
  });

  it('that cannot be read are kept as rejects, and those after them taken in', async () => {
    const { logs, run, deps } = tenantWithLog();
    logs.write({ ...alice, userId: 7 as unknown as Person['userId'] });
    logs.write(bob);
    expect(await run()).toMatchObject({ accepted: 1, rejected: 1 });
    expect(deps.rejects.kept).toMatchObject([{ reason: 'data.user_id is not a string' }]);
  });

  it('are read in runs of a bounded length', async () => {
    const { logs, run } = tenantWithLog();
    for (let n = 0; n < 250; n += 1) logs.write(person(`p${n}`));
    expect(await run({ maxPages: 2 })).toMatchObject({ entries: 101, end: 'more' });
    expect(await run({ maxPages: 2 })).toMatchObject({ entries: 149, end: 'more' });
    expect(await run({ maxPages: 2 })).toMatchObject({ entries: 0, end: 'caught-up' });
  });

  it('are left for later when the run is told to stop', async () => {
    const { logs, run } = tenantWithLog();
    for (let n = 0; n < 250; n += 1) logs.write(person(`p${n}`));
    const stopping = new AbortController();
    const result = await run({ signal: stopping.signal, onProgress: () => stopping.abort() });
    expect(result).toMatchObject({ entries: 1, end: 'stopped' });
    expect(await run()).toMatchObject({ entries: 249, accepted: 249, end: 'caught-up' });
  });
});

describe('a process that dies', () => {
  it.each([
    ['before the entries are in the log', 'log.append', false],
    ['when they are, and nobody is due', 'log.append', true],
    ['when their users are due', 'queue.markDue', true],
    ['before the position has moved', 'cursors.set', false],
  ])('%s: nothing is lost and nothing is doubled', async (_when, at, after) => {
    const { world, logs, run } = tenantWithLog();
    logs.write(alice, 'ss');
    await run();
    await untilQuiet(world);
    logs.write(bob, 'ss');
    logs.write(alice, 'sv');
    const mend = failing(world, { at, error: crash, after });
    await expect(run()).rejects.toThrow('the process died');
    mend();

    expect(await run()).toMatchObject({ entries: 2, end: 'caught-up' });
    expect(await dueUsers(world)).toEqual([alice.user, bob.user]);
    expect(told(world, 'auth0.log-received').map(({ data }) => data.code)).toEqual(['ss', 'ss', 'sv']);
  });
});

describe('Auth0’s limits', () => {
  it('are waited for, where that is not long', async () => {
    const { world, logs, run } = tenantWithLog();
    logs.write(alice);
    failing(world, { at: 'logs.oldest', error: auth0Error('RATE_LIMITED', 30_000), once: true });
    const pulled = run();
    await world.clock.advance(30_000);
    expect(await pulled).toMatchObject({ accepted: 1, end: 'caught-up' });
  });

  it.each([
    ['longer than a run lasts', 120_000],
    ['again and again', 0],
  ])('%s: the run ends, and the next one goes on', async (_what, retryAfterMs) => {
    const { world, logs, run } = tenantWithLog();
    logs.write(alice);
    const error = auth0Error('RATE_LIMITED', retryAfterMs);
    const mend = failing(world, { at: 'logs.after', error });
    const pulled = run();
    for (let wait = 0; wait < 10; wait += 1) await world.clock.advance(1);
    expect(await pulled).toMatchObject({ accepted: 1, end: 'more', failure: 'RATE_LIMITED', gaps: [] });
    mend();
    expect(await run()).toMatchObject({ entries: 0, end: 'caught-up' });
  });

  it('end the wait when the run is told to stop', async () => {
    const { world, run } = tenantWithLog();
    failing(world, { at: 'logs.oldest', error: auth0Error('RATE_LIMITED', 30_000) });
    const stopping = new AbortController();
    const pulled = run({ signal: stopping.signal });
    await world.clock.advance(1);
    stopping.abort();
    expect(await pulled).toMatchObject({ end: 'stopped' });
  });
});

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
    expect(told(world, 'gap.opened')).toHaveLength(1);
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

  it('and a page that leads nowhere, are failures of the run', async () => {
    const { logs, run, of, deps } = tenantWithLog();
    logs.write(alice);
    await run();
    const nowhere = async () => ({ entries: [{ log_id: '1' }], next: undefined });
    const stuck = { ...of, logs: { ...logs, after: nowhere } };
    expect(await pull(deps, stuck)).toMatchObject({
      end: 'failed',
      failure: 'UNEXPECTED_ANSWER',
      entries: 0,
    });
  });

  it('an error of our own database is thrown', async () => {
    const { world, logs, run } = tenantWithLog();
    logs.write(alice);
    failing(world, { at: 'cursors.get', error: crash });
    await expect(run()).rejects.toThrow('the process died');
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
    expect(told(world, 'gap.opened')).toHaveLength(1);
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
    expect(told(world, 'gap.closed')).toMatchObject([{ data: { by: 'sweep' } }]);
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
    expect(told(world, 'gap.opened')).toHaveLength(1);
    await sweepOnce(world);
    expect(await causes()).toEqual([cause]);
    logs.streamsNow = [STREAM];
    expect(await run()).toMatchObject({ stream: 'active', gaps: [] });
    expect(told(world, 'gap.closed')).toMatchObject([{ data: { by: 'pull' } }]);
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

function listed({ userId }: Person) {
  return { userId, email: 'alice@example.com', emailVerified: true, blocked: false, createdAt: new Date(0) };
}
