/** Every stored password is tested once, however often a run is stopped, and no faster than it is told to. */
import { expect, it } from 'vitest';
import {
  auditLogins,
  commandFor,
  type LoginAuditDeps,
  type LoginAuditOptions,
} from '../../../src/engine/operations/audit-logins.ts';
import { UpstreamError } from '../../../src/errors.ts';
import { type Did, storedUserKey } from '../../../src/identity.ts';
import type { PdsAccount } from '../../../src/ports/accounts.ts';
import { handle, otherTenant, tenant } from '../../mongo/subjects/people.ts';
import { didOf, inMemoryPasswords, K1, old, vaultOf } from '../../support/in-memory/passwords.ts';
import { inMemoryRuns } from '../../support/in-memory/runs.ts';
import { leapingClock } from '../../support/virtual-clock.ts';

const key = (at: number) => storedUserKey(`auth0|${String(at).padStart(3, '0')}`);

function failed(code: string, retryAfterMs?: number): UpstreamError {
  return new UpstreamError(code, { upstream: 'pds', code, retryable: code !== 'UNAUTHORIZED', retryAfterMs });
}

/** Users with the password `canary-<n>`; the PDS takes them, unless the test says otherwise of a DID. */
function world(count: number, password: (at: number) => string = (at) => old.seal(`canary-${at}`, key(at))) {
  const rows = Array.from({ length: count }, (_, at) => ({
    ...{ user: key(at), field: 'atproto' as const, stored: password(at) },
  }));
  const clock = leapingClock();
  const tried: Did[] = [];
  const states = new Map<Did, PdsAccount['state'] | 'missing'>();
  const failures = new Map<Did, UpstreamError[]>();
  const refused = new Set<Did>();
  const deps: LoginAuditDeps = {
    passwords: inMemoryPasswords(rows),
    vault: vaultOf(K1),
    runs: inMemoryRuns(),
    clock,
    tenants: [{ id: tenant, keyPrefix: '' }],
    accounts: {
      account: async (did) => {
        const state = states.get(did) ?? 'active';
        return state === 'missing'
          ? state
          : { did, handle: handle('x'), email: undefined, inviteHash: undefined, state };
      },
      canLogIn: async (did) => {
        const error = failures.get(did)?.shift();
        if (error !== undefined) throw error;
        tried.push(did);
        return !refused.has(did);
      },
    },
  };
  const did = (at: number): Did => {
    const found = didOf(key(at));
    if (found === undefined) throw new Error('It is a DID.');
    return found;
  };
  const run = (options: Partial<LoginAuditOptions> = {}) =>
    auditLogins(deps, { perSecond: 1, restart: false, ...options });
  return { deps, clock, tried, states, failures, refused, did, run };
}

it('tells apart what is wrong with each, and says what mends it', async () => {
  const { run, refused, states, did } = world(9, (at) => {
    if (at === 2) return '';
    return at === 3 ? 'v1.k9.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA.AAAA' : old.seal('canary', key(at));
  });
  refused.add(did(1)).add(did(6));
  states.set(did(4), 'missing').set(did(5), 'deactivated').set(did(6), 'takendown').set(did(7), 'takendown');
  const report = await run();
  expect(report).toMatchObject({
    accounts: 9,
    counts: {
      ...{ opens: 2, 'opens-deactivated': 1, 'opens-takendown': 1, refused: 2, missing: 1, unopened: 1 },
      ...{ 'account-missing': 1, untried: 0 },
    },
    interrupted: false,
    resumedAfter: 0,
  });
  expect(report.failed.map((one) => [one.user, one.state, commandFor(one)])).toEqual([
    [key(1), 'refused', `concord password '${key(1)}' --reset`],
    [key(2), 'missing', `concord password '${key(2)}' --reset`],
    [key(3), 'unopened', `concord password '${key(3)}' --reset`],
    [key(4), 'account-missing', `concord explain '${key(4)}'`],
    [key(6), 'refused', `concord explain '${key(6)}'`],
  ]);
  expect(JSON.stringify(report)).not.toContain('canary');
});

it('begins no more logins in a second than it is told to', async () => {
  const { run, clock, tried } = world(11);
  await run({ perSecond: 2 });
  expect(tried).toHaveLength(11);
  expect(clock.elapsedMs()).toBeGreaterThanOrEqual(5_000);
});

it('waits as long as the PDS says, and tries the same account again', async () => {
  const { run, clock, failures, did, tried } = world(3);
  failures.set(did(1), [failed('RATE_LIMITED', 240_000)]);
  const report = await run();
  expect(report.counts).toMatchObject({ opens: 3, untried: 0 });
  expect(clock.elapsedMs()).toBeGreaterThanOrEqual(240_000);
  expect(new Set(tried).size).toBe(3);
});

it('leaves out an account that keeps failing, and goes on', async () => {
  const { run, failures, did } = world(12);
  failures.set(did(1), [failed('SERVER_ERROR'), failed('SERVER_ERROR'), failed('SERVER_ERROR')]);
  const report = await run();
  expect(report.counts).toMatchObject({ opens: 11, untried: 1 });
  expect(report.failed).toMatchObject([{ user: key(1), state: 'untried', code: 'SERVER_ERROR' }]);
});

it('stops when the PDS answers nobody, and the next run begins with the first of those', async () => {
  const { run, failures, did, tried } = world(30);
  for (let at = 5; at < 30; at += 1)
    failures.set(
      did(at),
      Array.from({ length: 3 }, () => failed('UNREACHABLE')),
    );
  await expect(run()).rejects.toMatchObject({ code: 'UNREACHABLE' });
  failures.clear();
  const report = await run();
  expect(report).toMatchObject({ accounts: 30, resumedAfter: 5, counts: { opens: 30, untried: 0 } });
  expect(new Set(tried).size).toBe(30);
});

it('stops at once when the administrator is refused', async () => {
  const { run, failures, did } = world(30);
  failures.set(did(0), [failed('UNAUTHORIZED')]);
  await expect(run()).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
});

it('goes on where it was stopped, with what it has found, unless it is told to begin anew', async () => {
  const { deps, run, refused, did, tried } = world(20);
  refused.add(did(0));
  const stopped = new AbortController();
  const first = await run({
    signal: stopped.signal,
    onProgress: (done) => void (done >= 7 && stopped.abort()),
  });
  expect(first.interrupted).toBe(true);
  expect(first.accounts).toBeLessThan(20);
  const rest = await run();
  expect(rest).toMatchObject({
    accounts: 20,
    resumedAfter: first.accounts,
    counts: { opens: 19, refused: 1 },
  });
  expect(rest.failed).toMatchObject([{ user: key(0) }]);
  // At most those that were under way when it was stopped were tried twice.
  expect(tried.length).toBeLessThanOrEqual(20 + 4);
  expect(await run()).toMatchObject({ resumedAfter: 0, accounts: 20 });

  const half = new AbortController();
  await run({ signal: half.signal, onProgress: (done) => void (done >= 7 && half.abort()) });
  expect(await run({ restart: true })).toMatchObject({ resumedAfter: 0, accounts: 20 });
  await deps.runs.begin('audit-logins', deps.clock.now(), 60_000);
  await expect(run()).rejects.toMatchObject({ code: 'RUN_UNDER_WAY' });
});

it('tests the users of one tenant only, by the prefix of their keys', async () => {
  const { deps, tried } = world(5);
  const tenants = [...deps.tenants, { id: otherTenant, keyPrefix: 'auth0|00' }];
  const report = await auditLogins({ ...deps, tenants }, { perSecond: 1, restart: false, tenant });
  expect([report.accounts, tried.length]).toEqual([0, 0]);
});

it('tests no account of a user whom the configuration excludes', async () => {
  const { deps, tried, did } = world(3);
  const excludedBy = (user: string) => (user === key(1) ? 'auth0|001' : undefined);
  const tenants = deps.tenants.map((one) => ({ ...one, excludedBy }));
  const report = await auditLogins({ ...deps, tenants }, { perSecond: 1, restart: false });
  expect([report.accounts, tried]).toEqual([2, [did(0), did(2)]]);
});
