import { describe, expect, it } from 'vitest';
import { recoverOutcomes } from '../../../src/engine/reconcile/recover.ts';
import type { IntendedAction } from '../../../src/events/data/reconciliation.ts';
import type { ConcordEvent } from '../../../src/events/event.ts';
import { fold } from '../../../src/events/fold.ts';
import type { PdsAccount } from '../../../src/ports/accounts.ts';
import type { Documents } from '../../../src/ports/documents.ts';
import { desire } from '../../../src/reconcilers/desired.ts';
import type { View } from '../../../src/reconcilers/view.ts';
import { alice, aliceDid, at, code, handle } from '../../mongo/subjects/people.ts';
import { aliceEvent, observed } from '../../support/in-memory/alice-events.ts';
import { SETTINGS } from '../../support/in-memory/world.ts';

const record: IntendedAction = { resource: 'verification', type: 'record-verification' };
const create: IntendedAction = { resource: 'user-document', type: 'create-user-document' };
const assign: IntendedAction = { resource: 'user-document', type: 'assign-code' };
const rename: IntendedAction = {
  resource: 'handle',
  type: 'change-handle',
  from: handle('alice'),
  to: handle('alix'),
};

const account: PdsAccount = {
  did: aliceDid,
  handle: handle('alix'),
  email: 'alice@example.com',
  inviteHash: undefined,
  state: 'active',
};
const created = aliceEvent('account.created', 1, {
  did: aliceDid,
  handle: handle('alice'),
  email: 'alice@example.com',
});
const documents: Documents = {
  verificationCount: 1,
  user: { code: code('ac26nobeb'), when: undefined, account: undefined, pending: undefined },
  handle: undefined,
  legacyCode: undefined,
};

function view(changes: Partial<View> = {}): View {
  const desired = desire(
    alice.user,
    fold([observed(0)]),
    { emailTag: undefined },
    '.at.test',
    SETTINGS,
    'none',
  );
  return {
    desired,
    documents,
    account,
    missingAccount: undefined,
    movedTo: undefined,
    actions: [],
    conditions: [],
    failures: [],
    retryAt: undefined,
    isHeld: false,
    independent: new Map(),
    others: [],
    ...changes,
  };
}

const intends = (seconds: number, ...actions: IntendedAction[]) =>
  aliceEvent('actions.intended', seconds, { actions });

/** What is told of a pass that broke off, as `intent: type`. */
function recovered(events: readonly ConcordEvent[], seen: View): string[] {
  return recoverOutcomes(fold(events), seen).flatMap(({ intent, drafts: each }) =>
    each.map(({ type }) => `${intent}: ${type}`),
  );
}

describe('a step that was intended and is no longer needed was done', () => {
  it.each([
    { reason: 'a verification', intended: [record], told: ['verification.recorded'] },
    {
      reason: 'a document comes with its code',
      intended: [create],
      told: ['user-document.created', 'code.assigned'],
    },
    { reason: 'a code', intended: [assign], told: ['code.assigned'] },
    { reason: 'a rename', intended: [rename], told: ['handle.changed'] },
    { reason: 'several', intended: [record, assign], told: ['verification.recorded', 'code.assigned'] },
  ])('$reason', ({ intended, told: types }) => {
    const events = [created, intends(5, ...intended)];
    expect(recovered(events, view())).toEqual(types.map((type) => `e-000005: ${type}`));
  });

  it('and what is told has what is there', () => {
    const outcomes = recoverOutcomes(fold([created, intends(5, record, create, rename)]), view());
    expect(outcomes.flatMap((each) => each.drafts.map(({ data }) => data))).toEqual([
      { count: 1, recovered: true },
      { recovered: true },
      { code: 'ac26nobeb', recovered: true },
      { did: aliceDid, from: 'alice.at.test', to: 'alix.at.test', recovered: true },
    ]);
  });
});

describe('nothing is told', () => {
  const still = (type: 'record-verification' | 'create-user-document') =>
    type === 'record-verification'
      ? ({ resource: 'verification', type, count: 1, isNew: true } as const)
      : ({ resource: 'user-document', type, signedUpAt: at(0), when: at(0), code: undefined } as const);
  it.each([
    { reason: 'when no pass broke off', events: [created], seen: view() },
    {
      reason: 'of a step that is needed still',
      events: [intends(5, record)],
      seen: view({ actions: [still('record-verification')] }),
    },
    {
      reason: 'of a document that is not there, though nobody wants it any more',
      events: [intends(5, create)],
      seen: view({ documents: { ...documents, user: undefined } }),
    },
    {
      reason: 'where the documents could not be read',
      events: [intends(5, record, create)],
      seen: view({ documents: undefined }),
    },
    {
      reason: 'of a code that was told',
      events: [aliceEvent('code.assigned', 1, { code: code('ac26nobeb') }), intends(5, assign)],
      seen: view(),
    },
    {
      reason: 'of a rename that did not happen',
      events: [created, intends(5, rename)],
      seen: view({ account: { ...account, handle: handle('alice') } }),
    },
    {
      reason: 'of a rename where the account could not be read',
      events: [created, intends(5, rename)],
      seen: view({ account: undefined }),
    },
    {
      reason: 'of an account creation, which has an intent of its own',
      events: [intends(5, { resource: 'account', type: 'create-account' })],
      seen: view(),
    },
  ])('$reason', ({ events, seen }) => {
    expect(recovered(events, seen)).toEqual([]);
  });
});

it('a rename is told that was done before another one is wanted', () => {
  const next = {
    ...({ resource: 'handle', type: 'change-handle', account, recorded: undefined, isCode: true } as const),
    to: handle('ac26nobeb'),
  };
  expect(recovered([created, intends(5, rename)], view({ actions: [next] }))).toEqual([
    'e-000005: handle.changed',
  ]);
});

it('a step that several passes broke off over is told once, for the newest of them', () => {
  const events = [created, intends(5, create, rename), intends(6, create), intends(7, create, rename)];
  expect(recovered(events, view())).toEqual([
    'e-000007: user-document.created',
    'e-000007: code.assigned',
    'e-000007: handle.changed',
  ]);
});

it('what was told closes the steps, so that it is told once', () => {
  const events = [created, intends(5, record, create, rename)];
  const outcomes = recoverOutcomes(fold(events), view()).flatMap((each) => each.drafts);
  const after = outcomes.map(({ type, data }, index) => aliceEvent(type, 6 + index, data));
  expect(recovered([...events, ...after], view())).toEqual([]);
  expect(alice.user).toBe(after[0]?.user);
});
