import { describe, expect, it } from 'vitest';
import { blanked } from '../../src/events/blank.ts';
import { summary } from '../../src/events/summary.ts';
import { eventId } from '../../src/identity.ts';
import { alice, aliceDid, bob } from '../mongo/subjects/people.ts';
import { aliceEvent, observed } from '../support/in-memory/alice-events.ts';

const run = eventId('run');
const why = { by: 'bob', reason: 'case 12' };

describe('the gist of a decision', () => {
  it.each([
    [aliceEvent('user.paused', 1, { ...why, until: null }), 'by bob: case 12'],
    [aliceEvent('user.resumed', 1, why), 'by bob: case 12'],
    [aliceEvent('user.retried', 1, why), 'by bob: case 12'],
    [aliceEvent('reconcile.requested', 1, why), 'by bob: case 12'],
    [aliceEvent('removal.granted', 1, { ...why, run }), 'by bob: case 12'],
    [aliceEvent('sweep.approved', 1, { ...why, run }), 'by bob: case 12'],
    [
      aliceEvent('adoption.granted', 1, { ...why, did: aliceDid, evidence: [] }),
      `${aliceDid} by bob: case 12`,
    ],
    [aliceEvent('adoption.withdrawn', 1, { ...why, did: aliceDid }), `${aliceDid} by bob: case 12`],
  ])('is who and why: $type', (event, gist) => {
    expect(summary(event)).toBe(gist);
    // Of somebody who was forgotten it is who alone.
    expect(summary(blanked(event))).toBe(gist.replace(': case 12', ''));
  });

  it('is who alone in what was written before reasons were asked for', () => {
    expect(summary(aliceEvent('user.resumed', 1, { by: 'bob' }))).toBe('by bob');
  });
});

describe('the gist of what was learned of other users', () => {
  it('counts the linked identities, and names the user who found this one', () => {
    expect(summary(observed(1))).toBe('email verified');
    expect(summary(observed(1, { linked: [bob.userId] }))).toBe('email verified, linked identities: 1');
    expect(summary(aliceEvent('sister.named', 1, { by: alice.user }))).toBe(`by ${alice.user}`);
    expect(summary(aliceEvent('sister.named', 1, { by: null }))).toBe('by a user who is forgotten');
  });
});
