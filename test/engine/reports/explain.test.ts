/** How a user stands and why, from events that are written down here. */
import { describe, expect, test } from 'vitest';
import { type Asked, explain } from '../../../src/engine/reports/explain.ts';
import { historyOf } from '../../../src/events/causes.ts';
import type { ConditionDraft } from '../../../src/events/condition.ts';
import { type ConcordEvent, isReceivedEvent } from '../../../src/events/event.ts';
import { alice, aliceDid, at, code, handle, tenant } from '../../mongo/subjects/people.ts';
import { aliceEvent, observed } from '../../support/in-memory/alice-events.ts';
import { SETTINGS } from '../../support/in-memory/world.ts';

const well: ConditionDraft = {
  type: 'account',
  status: 'True',
  reason: 'AccountActive',
  message: 'm',
  held: false,
};
const heard = aliceEvent('auth0.log-received', 1, { logId: '1', code: 'ss', hint: null, raw: '' });
const read = { ...observed(2), cause: [heard._id] };
const steps = [{ resource: 'user-document', type: 'create-user-document' } as const];
const intended = { ...aliceEvent('actions.intended', 3, { actions: steps }), cause: [read._id] };
const coded = { ...aliceEvent('code.assigned', 4, { code: code('ac26nobeb') }), cause: [intended._id] };
const seen = aliceEvent('subject.observed', 5, {
  code: null,
  account: { did: aliceDid, handle: handle('alice'), email: 'alice@example.com' },
});
const over = aliceEvent('converged', 6, { conditions: [well], actions: 1, latencyMs: 1 });
const paused = aliceEvent('user.paused', 7, { by: 'carol', reason: 'a test', until: null });
const chosen = aliceEvent('handle.observed', 8, { handle: 'al.ix' });
const all = [heard, read, intended, coded, seen, over, paused, chosen];

function explained(events: readonly ConcordEvent[], seconds: number, asked: Partial<Asked> = {}) {
  const entries = events.filter(isReceivedEvent).filter(({ recordedAt }) => recordedAt <= at(seconds));
  return explain({
    entries: { count: entries.length, isMore: false, newest: entries.at(-1) },
    ...{ user: alice.user, tenant: { id: tenant, emailTag: undefined }, events, at: at(seconds) },
    ...{ history: historyOf(events), settings: SETTINGS, observation: undefined, shown: undefined, ...asked },
  });
}

describe('by the log alone', () => {
  test.each([
    [0, 'nothing is known yet', { sync: 'Unknown', health: 'Progressing', effects: [] }],
    [5, 'no pass has ended', { sync: 'Unknown', conditions: [], heard: { count: 1, newest: heard } }],
    [6, 'a pass has ended well', { sync: 'Synced', health: 'Healthy', attempts: 0, withheld: undefined }],
    [7, 'paused after that', { sync: 'OutOfSync', health: 'Suspended', withheld: { reason: 'Paused' } }],
  ] as const)('after %i s: %s', (seconds, _reason, says) => {
    expect(explained(all, seconds)).toMatchObject({ source: 'log', plan: undefined, ...says });
  });

  test('what came in later was not known then, whatever its date', () => {
    const late = {
      ...aliceEvent('auth0.log-received', 1, { logId: '2', code: 's', hint: null, raw: '' }, 'late'),
    };
    const events = [{ ...late, recordedAt: at(9) }, ...all];
    expect(explained(events, 8).heard.count).toBe(1);
    expect(explained(events, 9).heard.count).toBe(2);
  });

  test('what should be follows from what was known, and what is there from what was told', () => {
    const of = (seconds: number) =>
      explained(all, seconds).resources.map(({ desired, actual }) => `${desired} | ${actual}`);
    expect(of(2)).toEqual([
      'a count of at least 1 | not told',
      'a document with a code | not told',
      'one account | not told',
      'the address in Auth0 | not told',
      'the code | not told',
    ]);
    expect(of(8)).toEqual([
      'a count of at least 1 | not told',
      'a document with the code ac26nobeb | ac26nobeb',
      `one account | ${aliceDid}`,
      'the address in Auth0 | that address',
      'al-ix.at.test | alice.at.test',
    ]);
  });

  test('each effect has its chain, and what still counts is known, the oldest first', () => {
    const { effects, known } = explained(all, 8);
    expect(effects).toMatchObject([
      { event: coded, chain: { links: [intended, read, heard], origins: [heard], flaw: undefined } },
    ]);
    expect(known.map(({ event }) => event.type)).toEqual([
      ...['auth0.user-observed', 'subject.observed', 'user.paused', 'handle.observed'],
    ]);
    const resumed = aliceEvent('user.resumed', 9, { by: 'carol' });
    expect(explained([...all, resumed], 9).known.map(({ event }) => event)).not.toContain(paused);
  });

  test('what was removed is known until it is there again or a restore is granted', () => {
    const removed = (['user-document', 'verification'] as const).map((what, index) =>
      aliceEvent('resource.removed', 9 + index, { what, seenBy: 'change-stream' }),
    );
    const known = (...events: readonly ConcordEvent[]) =>
      explained([...all, ...removed, ...events], 12).known.map(({ event }) => event);
    expect(known()).toEqual(expect.arrayContaining(removed));
    const granted = aliceEvent('restore.granted', 11, { what: ['user-document'], by: 'carol' });
    expect(known(granted)).not.toContain(removed[0]);
    expect(known(granted)).toContain(removed[1]);
    const seen = aliceEvent('subject.observed', 11, { code: null, account: null, verification: 1 });
    expect(known(seen)).not.toContain(removed[1]);
  });

  test('a look that a person asked for set it going, and is not known for ever', () => {
    const asked = aliceEvent('reconcile.requested', 9, { by: 'carol', reason: 'a call' });
    const steps = [{ resource: 'handle', type: 'change-handle' } as const];
    const next = { ...aliceEvent('actions.intended', 10, { actions: steps }), cause: [asked._id] };
    const renamed = { from: handle('alice'), to: handle('al-ix') };
    const done = { ...aliceEvent('handle.changed', 11, { did: aliceDid, ...renamed }), cause: [next._id] };
    const { effects, known } = explained([...all, asked, next, done], 11);
    expect(effects.at(-1)).toMatchObject({ chain: { origins: [asked], flaw: undefined } });
    expect(known.map(({ event }) => event)).not.toContain(asked);
  });

  test('no address is in a text that was made', () => {
    const { resources, conditions } = explained(all, 8);
    expect(JSON.stringify([resources, conditions])).not.toContain('@');
  });
});
