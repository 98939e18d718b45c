/** What no delivery brought is read from the log, once, whatever breaks meanwhile. */
import { describe, expect, it } from 'vitest';
import { ingest } from '../../../src/engine/intake/ingest.ts';
import { pull } from '../../../src/engine/intake/pull.ts';
import { alice, bob, type Person, person, tenant } from '../../mongo/subjects/people.ts';
import { failing, tenantWithLog } from '../../support/in-memory/pulls.ts';
import { aliceEvent, dueUsers } from '../../support/in-memory/sweeps.ts';
import { auth0Error } from '../../support/in-memory/tenant-logs.ts';
import { arrive, typesOf, untilQuiet } from '../../support/in-memory/world.ts';

const HOUR = 3_600_000;

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
    expect(aliceEvent(world, 'auth0.log-received').at(-1)).toMatchObject({
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

  it('wait for those who have just been heard of', async () => {
    const { world, logs, run } = tenantWithLog();
    logs.write(alice, 'ss');
    await run();
    await world.clock.advance(HOUR);
    await arrive(world, bob);
    const claimed = async () => (await world.queue.claim(world.clock.now(), HOUR))?.user;
    expect([await claimed(), await claimed()]).toEqual([bob.user, alice.user]);
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
    expect(aliceEvent(world, 'auth0.log-received').map(({ data }) => data.code)).toEqual(['ss', 'ss', 'sv']);
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

describe('a log that cannot be read on', () => {
  it('is a failure of the run when a page leads nowhere', async () => {
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

  it('an error of our own database is no answer of Auth0’s, and is thrown', async () => {
    const { world, logs, run } = tenantWithLog();
    logs.write(alice);
    failing(world, { at: 'cursors.get', error: crash });
    await expect(run()).rejects.toThrow('the process died');
  });
});
