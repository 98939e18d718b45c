import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConditionDraft } from '../../src/events/condition.ts';
import type { ConcordEvent, EventData } from '../../src/events/event.ts';
import { fold } from '../../src/events/fold.ts';
import { eventId } from '../../src/identity.ts';
import { desire } from '../../src/reconcilers/desired.ts';
import { alice, aliceDid, at, bobDid, code, handle } from '../mongo/subjects/people.ts';
import { aliceEvent, observed } from '../support/in-memory/alice-events.ts';
import { SETTINGS } from '../support/in-memory/world.ts';

const intent = eventId('e-000010');
const intended: EventData['account.creation-intended'] = {
  handle: handle('alice'),
  email: 'alice@example.com',
  inviteHash: 'hash',
};
const waiting: ConditionDraft = {
  type: 'account',
  status: 'False',
  reason: 'WaitingForOutcome',
  message: 'An account creation has no outcome yet.',
  held: false,
};
const active: ConditionDraft = {
  ...waiting,
  status: 'True',
  reason: 'AccountActive',
  message: 'It is there.',
};

// ── Any history ──

/** Something of every type that leaves a trace in the facts, with few values, so that events meet. */
const happening: fc.Arbitrary<(seconds: number, id: string) => ConcordEvent> = fc.oneof(
  fc
    .record({
      email: fc.constantFrom('alice@example.com', null),
      emailVerified: fc.boolean(),
      blocked: fc.boolean(),
    })
    .map((changes) => (seconds: number, id: string) => ({ ...observed(seconds, changes), _id: eventId(id) })),
  fc
    .constantFrom('deleted' as const, null)
    .map(
      (hint) => (seconds: number, id: string) =>
        aliceEvent('auth0.log-received', seconds, { logId: id, code: 'ss', hint, raw: '{}' }, id),
    ),
  fc.constant((seconds: number, id: string) =>
    aliceEvent('auth0.user-absent', seconds, { userId: alice.userId }, id),
  ),
  fc
    .constantFrom('alice', 'a.b', null)
    .map(
      (name) => (seconds: number, id: string) => aliceEvent('handle.observed', seconds, { handle: name }, id),
    ),
  fc
    .constantFrom('verification' as const, 'user-document' as const, 'account' as const, 'handle' as const)
    .map(
      (resource) => (seconds: number, id: string) =>
        aliceEvent('actions.intended', seconds, { actions: [{ resource, type: `mend-${resource}` }] }, id),
    ),
  fc.constant((seconds: number, id: string) =>
    aliceEvent('verification.recorded', seconds, { count: 1 }, id),
  ),
  fc
    .constantFrom(code('ac26nobeb'), code('ac26bobob'))
    .map(
      (drawn) => (seconds: number, id: string) => aliceEvent('code.assigned', seconds, { code: drawn }, id),
    ),
  fc.constant((seconds: number, id: string) =>
    aliceEvent('account.creation-intended', seconds, intended, id),
  ),
  fc
    .constantFrom('taken' as const, 'not-allowed' as const)
    .map(
      (reason) => (seconds: number, id: string) =>
        aliceEvent(
          'account.creation-refused',
          seconds,
          { intent, field: reason === 'taken' ? 'email' : 'handle', value: 'alice', reason },
          id,
        ),
    ),
  fc
    .constantFrom('not-applied' as const, 'no-account-came-of-it' as const)
    .map(
      (reason) => (seconds: number, id: string) =>
        aliceEvent('account.creation-abandoned', seconds, { intent, reason }, id),
    ),
  fc
    .constantFrom(aliceDid, bobDid)
    .map(
      (did) => (seconds: number, id: string) =>
        aliceEvent(
          'account.created',
          seconds,
          { did, handle: handle('alice'), email: 'alice@example.com' },
          id,
        ),
    ),
  fc.constant((seconds: number, id: string) =>
    aliceEvent('account.recorded', seconds, { did: aliceDid, handle: handle('alix') }, id),
  ),
  fc.constant((seconds: number, id: string) =>
    aliceEvent('handle.changed', seconds, { did: aliceDid, from: handle('alice'), to: handle('alix') }, id),
  ),
  fc.constant((seconds: number, id: string) =>
    aliceEvent('handle.refused', seconds, { handle: handle('alice'), reason: 'taken' }, id),
  ),
  fc
    .constantFrom(waiting, active)
    .map(
      (condition) => (seconds: number, id: string) =>
        aliceEvent('converged', seconds, { conditions: [condition], actions: 0, latencyMs: 1 }, id),
    ),
  fc
    .integer({ min: 1, max: 9 })
    .map(
      (attempt) => (seconds: number, id: string) =>
        aliceEvent(
          'converge.failed',
          seconds,
          { conditions: [waiting], code: 'UNREACHABLE', message: 'account: failed', attempt, retryAt: null },
          id,
        ),
    ),
  fc.constant((seconds: number, id: string) =>
    aliceEvent('user.quarantined', seconds, { attempts: 9, code: 'UNREACHABLE' }, id),
  ),
);

/** Times are few, so that several events share one and only their ids tell them apart. */
const history = fc
  .array(fc.tuple(happening, fc.integer({ min: 0, max: 12 })), { maxLength: 25 })
  .map((all) =>
    all.map(([make, seconds], index) => make(seconds, `e-${String((index * 7) % 100)}-${index}`)),
  );

const rearranged = history.chain((events) =>
  fc.tuple(
    fc.constant(events),
    fc
      .tuple(fc.shuffledSubarray(events, { minLength: events.length }), fc.shuffledSubarray(events))
      .map(([all, repeated]) => [...all, ...repeated]),
  ),
);

describe('the same events, in any order and any number of times', () => {
  it('give the same facts', () => {
    fc.assert(
      fc.property(rearranged, ([events, again]) => {
        expect(fold(again)).toEqual(fold(events));
      }),
      { numRuns: 300 },
    );
  });

  it('give the same desired state', () => {
    const desired = (events: readonly ConcordEvent[]) =>
      desire(alice.user, fold(events), { emailTag: 'second' }, '.at.test', SETTINGS, 'none');
    fc.assert(
      fc.property(rearranged, ([events, again]) => {
        expect(desired(again)).toEqual(desired(events));
      }),
      { numRuns: 300 },
    );
  });

  it('give the same facts when the later ones are folded onto what the earlier ones gave', () => {
    fc.assert(
      fc.property(history, fc.nat(25), (events, cut) => {
        const sorted = [...events].sort(
          (a, b) => a.at.getTime() - b.at.getTime() || (a._id < b._id ? -1 : 1),
        );
        expect(fold(sorted.slice(cut), fold(sorted.slice(0, cut)))).toEqual(fold(events));
      }),
      { numRuns: 300 },
    );
  });

  it('leave the events as they were', () => {
    const events = Object.freeze([observed(2), observed(1)]);
    fold(events);
    expect(events.map((event) => event.at)).toEqual([at(2), at(1)]);
  });
});

// ── Particular histories ──

describe('Auth0', () => {
  it('is as the newest read says', () => {
    const facts = fold([
      observed(2, { emailVerified: true }),
      observed(1, { emailVerified: false, email: null }),
    ]);
    expect(facts.auth0).toEqual({
      userId: alice.userId,
      email: 'alice@example.com',
      emailVerified: true,
      blocked: false,
      createdAt: at(0),
    });
    expect(facts.auth0Event).toBe('e-000002');
  });

  it('has no address where it gave none', () => {
    expect(fold([observed(1, { email: null })]).auth0?.email).toBeUndefined();
  });

  it('is absent since the first of the reads that found nobody, and what was known is kept', () => {
    const absent = (seconds: number) => aliceEvent('auth0.user-absent', seconds, { userId: alice.userId });
    const facts = fold([observed(1), absent(2), absent(3)]);
    expect(facts.absentSince).toEqual(at(2));
    expect(facts.auth0?.email).toBe('alice@example.com');
    expect(facts.auth0Event).toBe('e-000003');
    expect(fold([observed(1), absent(2), absent(3), observed(4)]).absentSince).toBeUndefined();
    expect(fold([observed(1), absent(2), observed(4), absent(5)]).absentSince).toEqual(at(5));
  });

  it('deletes nobody by a log entry: that is a hint', () => {
    const entry = aliceEvent('auth0.log-received', 5, {
      logId: '5',
      code: 'sdu',
      hint: 'deleted',
      raw: '{}',
    });
    const facts = fold([observed(1), entry]);
    expect(facts.deletionHintAt).toEqual(at(5));
    expect(facts.absentSince).toBeUndefined();
  });

  it('may date its log entries in the future, which does not order our events', () => {
    const future = aliceEvent('auth0.log-received', 9_000, { logId: '1', code: 'ss', hint: null, raw: '{}' });
    const facts = fold([future, observed(1), aliceEvent('code.assigned', 2, { code: code('ac26nobeb') })]);
    expect(facts.newestAt).toEqual(at(2));
    expect(facts.newestEvent).toBe('e-000002');
    expect(facts.code).toBe('ac26nobeb');
  });
});

describe('an account creation', () => {
  const begun = [observed(1), aliceEvent('account.creation-intended', 10, intended)];

  it('is open once it is intended', () => {
    expect(fold(begun).intent).toEqual({ event: intent, at: at(10), ...intended });
  });

  it('is over when it is refused, and the refusal is known', () => {
    const data = { intent, field: 'handle', value: 'alice.at.test', reason: 'not-allowed' } as const;
    const facts = fold([...begun, aliceEvent('account.creation-refused', 11, data)]);
    expect(facts.intent).toBeUndefined();
    expect(facts.refusedHandles).toEqual(new Map([['alice.at.test', { reason: 'not-allowed', at: at(11) }]]));
    expect(facts.refusedEmails).toEqual(new Map());
  });

  it('that left nothing but perhaps a DID is counted', () => {
    const abandoned = (reason: 'not-applied' | 'no-account-came-of-it') =>
      fold([...begun, aliceEvent('account.creation-abandoned', 11, { intent, reason })]);
    expect(abandoned('no-account-came-of-it')).toMatchObject({ intent: undefined, possiblyLeakedDids: 1 });
    expect(abandoned('not-applied')).toMatchObject({ intent: undefined, possiblyLeakedDids: 0 });
  });

  it('that is given up, or overtaken, is kept until there is an account', () => {
    const first = { event: intent, at: at(10), ...intended };
    const abandoned = aliceEvent('account.creation-abandoned', 11, { intent, reason: 'not-applied' });
    expect(fold(begun).givenUp).toEqual([]);
    expect(fold([...begun, abandoned]).givenUp).toEqual([first]);
    const again = aliceEvent(
      'account.creation-intended',
      12,
      { ...intended, inviteHash: 'another' },
      'e-again',
    );
    expect(fold([...begun, again])).toMatchObject({ givenUp: [first], intent: { event: 'e-again' } });
    const created = { did: aliceDid, handle: handle('alice'), email: 'alice@example.com' };
    expect(fold([...begun, again, aliceEvent('account.created', 13, created)]).givenUp).toEqual([]);
  });

  it('that is given up again and again is kept for the newest few', () => {
    const many = Array.from({ length: 12 }, (_, time) =>
      aliceEvent('account.creation-intended', 10 + time, { ...intended, inviteHash: `hash-${time}` }),
    );
    const hashes = fold(many).givenUp.map(({ inviteHash }) => inviteHash);
    expect(hashes).toEqual([3, 4, 5, 6, 7, 8, 9, 10].map((time) => `hash-${time}`));
  });

  it('that was refused what the account has by now was in its own way', () => {
    const taken = (field: 'handle' | 'email', value: string, seconds: number) => [
      aliceEvent('account.creation-intended', seconds, intended, `e-${field}`),
      aliceEvent('account.creation-refused', seconds + 1, {
        intent: eventId(`e-${field}`),
        field,
        value,
        reason: 'taken',
      }),
    ];
    const created = { did: aliceDid, handle: handle('alice'), email: 'alice@example.com' };
    const refused = [
      ...taken('handle', created.handle, 10),
      ...taken('handle', handle('alix'), 12),
      ...taken('email', created.email, 14),
    ];
    expect([...fold(refused).refusedHandles.keys(), ...fold(refused).refusedEmails.keys()]).toHaveLength(3);
    const facts = fold([...refused, aliceEvent('account.created', 20, created)]);
    expect([...facts.refusedHandles.keys()]).toEqual(['alix.at.test']);
    expect(facts.refusedEmails.size).toBe(0);
  });

  it('is over when the account is there, and the newest handle is known', () => {
    const created = { did: aliceDid, handle: handle('alice'), email: 'alice@example.com' };
    const events = [...begun, aliceEvent('account.created', 11, created)];
    expect(fold(events)).toMatchObject({ intent: undefined, account: created });
    const renamed = aliceEvent('handle.changed', 12, {
      did: aliceDid,
      from: handle('alice'),
      to: handle('alix'),
    });
    expect(fold([...events, renamed]).account).toEqual({ ...created, handle: 'alix.at.test' });
  });

  it('is over when only the document told of the account', () => {
    const recorded = aliceEvent('account.recorded', 11, { did: aliceDid, handle: handle('alice') });
    expect(fold([...begun, recorded])).toMatchObject({ intent: undefined, account: { did: aliceDid } });
  });

  it('that was refused may be intended anew', () => {
    const data = { intent, field: 'handle', value: 'alice.at.test', reason: 'taken' } as const;
    const anew = aliceEvent('account.creation-intended', 12, { ...intended, handle: handle('ac26nobeb') });
    const facts = fold([...begun, aliceEvent('account.creation-refused', 11, data), anew]);
    expect(facts.intent).toMatchObject({ event: 'e-000012', handle: 'ac26nobeb.at.test' });
  });
});

describe('steps that were intended', () => {
  const intends = aliceEvent('actions.intended', 1, {
    actions: [
      { resource: 'verification', type: 'record-verification' },
      { resource: 'user-document', type: 'create-user-document' },
    ],
  });

  it('are open until their outcome is told', () => {
    const open = (...later: ConcordEvent[]) => fold([intends, ...later]).openActions.map(({ type }) => type);
    const recorded = aliceEvent('verification.recorded', 2, { count: 0 });
    const assigned = aliceEvent('code.assigned', 3, { code: code('ac26nobeb') });
    expect(open()).toEqual(['record-verification', 'create-user-document']);
    expect(open(recorded)).toEqual(['create-user-document']);
    expect(open(recorded, aliceEvent('user-document.created', 2, {}, 'e-2b'))).toEqual([
      'create-user-document',
    ]);
    expect(open(recorded, assigned)).toEqual([]);
  });

  it('are no longer open after a pass that came to an end', () => {
    const ended = aliceEvent('converged', 4, { conditions: [], actions: 0, latencyMs: 1 });
    expect(fold([intends, ended]).openActions).toEqual([]);
  });
});

describe('conditions', () => {
  const converged = (seconds: number, ...conditions: ConditionDraft[]) =>
    aliceEvent('converged', seconds, { conditions, actions: 0, latencyMs: 1 });

  it('keep since when they hold for as long as they say the same', () => {
    const facts = fold([converged(1, waiting), converged(2, waiting), converged(3, waiting)]);
    expect(facts.conditions).toEqual([{ ...waiting, since: at(1).toISOString(), event: 'e-000001' }]);
  });

  it.each([
    ['another status', { ...waiting, status: 'Unknown' }],
    ['another reason', { ...waiting, reason: 'CreationInterrupted' }],
    ['another message', { ...waiting, message: 'Another sentence.' }],
    ['a person is needed now', { ...waiting, held: true }],
  ] as const)('begin anew with %s', (_name, changed) => {
    const facts = fold([converged(1, waiting), converged(2, changed), converged(3, changed)]);
    expect(facts.conditions).toEqual([{ ...changed, since: at(2).toISOString(), event: 'e-000002' }]);
  });

  it('begin anew when they come back', () => {
    const facts = fold([converged(1, waiting), converged(2, active), converged(3, waiting)]);
    expect(facts.conditions).toMatchObject([{ reason: 'WaitingForOutcome', since: at(3).toISOString() }]);
  });

  it('of a resource that is no longer spoken of are gone', () => {
    expect(fold([converged(1, waiting), converged(2)]).conditions).toEqual([]);
  });
});

describe('failed passes', () => {
  const failed = (seconds: number, attempt: number) =>
    aliceEvent('converge.failed', seconds, {
      conditions: [waiting],
      code: 'UNREACHABLE',
      message: 'account: failed',
      attempt,
      retryAt: null,
    });
  const events = [
    failed(1, 1),
    failed(2, 2),
    aliceEvent('user.quarantined', 3, { attempts: 2, code: 'UNREACHABLE' }),
  ];

  it('are counted until one comes to an end', () => {
    expect(fold(events)).toMatchObject({ attempts: 2, quarantined: true });
    const ended = aliceEvent('converged', 4, { conditions: [active], actions: 0, latencyMs: 1 });
    expect(fold([...events, ended])).toMatchObject({ attempts: 0, quarantined: false });
  });

  it('are not forgotten by one that only waits', () => {
    const deferred = aliceEvent('converge.deferred', 4, {
      conditions: [waiting],
      retryAt: at(9).toISOString(),
    });
    expect(fold([...events, deferred])).toMatchObject({ attempts: 2, quarantined: true });
  });
});

it('nothing is known of nobody', () => {
  const facts = fold([]);
  expect(facts).toMatchObject({ auth0: undefined, account: undefined, intent: undefined, conditions: [] });
  expect(fold([aliceEvent('sweep.started', 1, { users: null })])).toMatchObject({
    auth0: undefined,
    attempts: 0,
  });
});
