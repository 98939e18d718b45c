/** What is no cause, and what nobody can tell; each cause itself is in causes.test.ts. */
import { describe, expect, it } from 'vitest';
import { detect } from '../../src/alerts/detect.ts';
import type { Expectations, SystemFacts } from '../../src/alerts/system-facts.ts';
import type { TenantState } from '../../src/engine/reports/tenant-state.ts';
import { alice, person, tenant } from '../mongo/subjects/people.ts';
import { FIT_INDEXES, probed } from '../support/in-memory/alerts.ts';
import { failing } from './people.ts';

const NOW = new Date('2026-03-01T12:00:00Z');
const MINUTE = 60_000;
const ago = (minutes: number) => new Date(NOW.getTime() - minutes * MINUTE);
const bob = person('bob');

const expected: Expectations = {
  ...{ logUnreadAfterMs: 60 * MINUTE, sweepOverdueAfterMs: 26 * 60 * MINUTE },
  ...{ upSince: ago(24 * 60), pdsUrl: 'https://pds.test' },
};
const quiet: TenantState = {
  id: tenant,
  gaps: [],
  log: { until: NOW, readAt: NOW },
  stream: { deliveredAt: NOW, patienceMs: 60 * MINUTE },
  sweep: { last: undefined, completeAt: NOW, listedAt: NOW, begun: undefined, halts: [] },
};
const well: SystemFacts = {
  ...{ people: [], isPartial: false, tenants: [quiet], indexes: FIT_INDEXES },
  ...{ probes: [probed('pds', { type: 'well', since: ago(10) })], codes: { prefix: 'ac26', used: 9 } },
  clockAheadMs: undefined,
};

function seen(changes: Partial<SystemFacts>, how: Partial<Expectations> = {}) {
  const { causes, blind } = detect({ ...well, ...changes }, { ...expected, ...how }, NOW);
  return { ids: causes.map(({ id }) => id), blind, causes };
}

describe('what is no cause', () => {
  it('is a system where all is well', () => {
    expect(seen({})).toEqual({ ids: [], blind: [], causes: [] });
  });

  it('is who waits for a limit, or failed in an outage that is over', () => {
    const before = failing({ code: 'TIMEOUT', at: ago(11).toISOString() });
    const limited = failing({ code: 'RATE_LIMITED', upstream: 'auth0' });
    // But neither is it seen that they do not fail any more.
    expect(seen({ people: [before, limited] })).toMatchObject({
      ids: [],
      blind: ['converge-failing:pds:TIMEOUT'],
    });
  });

  it('is who was refused by an index that is gone, until they are tried again', () => {
    const message = 'MongoDB could not write: refused by the unique index email_1, and neither is there';
    const refused = failing({ code: 'DUPLICATE_KEY', upstream: 'mongodb', message });
    expect(seen({ people: [refused] })).toMatchObject({ ids: [], blind: ['index-unfit:foreign'] });
  });

  it('is a log that nobody is to read, and a sweep that nobody is to begin', () => {
    const tenants = [
      { ...quiet, log: undefined, sweep: { ...quiet.sweep, completeAt: undefined, listedAt: undefined } },
    ];
    const nobody = { logUnreadAfterMs: null, sweepOverdueAfterMs: null, upSince: new Date(0) };
    expect(seen({ tenants }, nobody).ids).toEqual([]);
    expect(seen({ tenants }, { upSince: new Date(0) }).ids).toEqual([
      `log-unread:${tenant}`,
      `sweep-overdue:${tenant}`,
    ]);
  });

  it('is a sweep under way', () => {
    const sweep = {
      ...quiet.sweep,
      begun: { at: ago(90), heldUntil: NOW, kept: undefined, usual: undefined },
    };
    expect(seen({ tenants: [{ ...quiet, sweep }] }).ids).toEqual([]);
  });
});

describe('what nobody can tell', () => {
  it('is how a system is that was not asked yet', () => {
    const people = [failing({ code: 'UNAUTHORIZED' })];
    const { ids, blind } = seen({ people, probes: [probed('pds', { type: 'unknown' })] });
    expect(ids).toEqual([]);
    expect(blind).toEqual(['unreachable:pds', 'credentials-refused:pds']);
  });

  it('is what is late when one has just come back', () => {
    const tenants = [{ ...quiet, log: { until: ago(600), readAt: ago(600) } }];
    expect(seen({ tenants }, { upSince: ago(9) })).toMatchObject({
      ids: [],
      blind: [`log-unread:${tenant}`],
    });
    expect(seen({ tenants }, { upSince: ago(11) })).toMatchObject({
      ids: [`log-unread:${tenant}`],
      blind: [],
    });
  });

  it('is that a cause is gone when there are more in trouble than were read', () => {
    const { causes, blind } = seen({ people: [failing()], isPartial: true });
    expect(causes).toMatchObject([{ id: 'converge-failing:pds:BAD_REQUEST', users: 1, orMore: true }]);
    expect(blind).toEqual(['converge-failing', 'quarantine', 'index-unfit:foreign']);
  });

  it('is how many codes there are, before they are counted', () => {
    expect(seen({ codes: undefined }).blind).toEqual(['code-space']);
  });
});

describe('what is told of a cause', () => {
  it('is whom it has concerned for longest', () => {
    const early = failing({ since: ago(99).toISOString() }, { who: bob });
    const { causes } = seen({ people: [failing(), early] });
    expect(causes).toMatchObject([{ users: 2, example: bob.user, since: ago(99) }]);
  });

  it('is the answer of the other system, and no word of what was not one', () => {
    const bug = failing({ code: 'BUG', upstream: null, message: 'account: cannot read alice@example.com' });
    const { causes } = seen({ people: [bug] });
    expect(causes).toMatchObject([
      { id: 'converge-failing:engine:BUG', what: 'Reconciling users fails with BUG.' },
    ]);
  });

  it('is that reconciliations did not end, which is no answer of another system and nothing personal', () => {
    const message = 'reconciliation: their process died';
    const { causes } = seen({ people: [failing({ code: 'LEASE_EXPIRED', upstream: null, message })] });
    expect(causes).toMatchObject([
      {
        id: 'converge-failing:engine:LEASE_EXPIRED',
        what: 'Reconciling users fails with LEASE_EXPIRED: reconciliation: their process died.',
      },
    ]);
  });

  it('is the DID directory, and not the PDS, when that does not answer', () => {
    const away = { code: 'UNREACHABLE', upstream: 'plc', message: 'account: plc document' } as const;
    const answer = { type: 'failing', code: 'UNREACHABLE', message: 'away', since: NOW } as const;
    const { causes } = seen({ people: [failing(away)], probes: [probed('pds', answer)] });
    expect(causes).toMatchObject([
      { id: 'unreachable:pds', users: 0 },
      {
        id: 'converge-failing:plc:UNREACHABLE',
        users: 1,
        what: expect.stringContaining('the DID directory'),
      },
    ]);
  });

  it('is one thing when a call fails that the probe does not make', () => {
    const people = [
      failing({ code: 'TIMEOUT', at: NOW.toISOString() }),
      failing({ code: 'TIMEOUT', at: NOW.toISOString() }, { who: bob }),
    ];
    expect(seen({ people }).ids).toEqual(['converge-failing:pds:TIMEOUT']);
    const answer = { type: 'failing', code: 'TIMEOUT', message: 'late', since: NOW } as const;
    const { causes } = seen({ people, probes: [probed('pds', answer)] });
    expect(causes).toMatchObject([{ id: 'unreachable:pds', users: 2, example: alice.user }]);
  });
});
