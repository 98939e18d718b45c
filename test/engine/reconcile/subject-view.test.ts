/** From what is known of a user to the two axes. */
import { describe, expect, it } from 'vitest';
import { healthOf, subjectView } from '../../../src/engine/reconcile/subject-view.ts';
import type { ConditionDraft } from '../../../src/events/condition.ts';
import { fold } from '../../../src/events/fold.ts';
import type { Health } from '../../../src/ports/subjects.ts';
import { inSync, needsAction, pending } from '../../../src/reconcilers/reconciler.ts';
import { alice } from '../../mongo/subjects/people.ts';
import { aliceEvent, observed } from '../../support/in-memory/alice-events.ts';

const message = 'm';
const kept = inSync({ type: 'account', reason: 'UserGone', message });
const unfinished = pending({ type: 'account', reason: 'RemovalDue', message });
const paused = pending({ type: 'pause', reason: 'Paused', message });
const held = needsAction({ type: 'account', reason: 'AccountsDiffer', message });
const gone = { absentSince: new Date(0) };
const blocked = { auth0: fold([observed(1, { blocked: true })]).auth0 };

describe('the health', () => {
  it.each<[Health, string, Partial<ReturnType<typeof fold>>, readonly ConditionDraft[]]>([
    ['Healthy', 'of a user who lacks nothing', {}, [kept]],
    ['Deleted', 'of a deleted user who lacks nothing', gone, [kept]],
    ['Deleted', 'of a deleted user whose account waits for removal', gone, [unfinished]],
    ['Deleted', 'of a user who was blocked and then deleted', { ...blocked, ...gone }, [kept]],
    ['Suspended', 'of a blocked user', blocked, [kept]],
    ['Suspended', 'of a paused user who is deleted', gone, [paused, kept]],
    ['Degraded', 'of a deleted user whose removal fails', { ...gone, attempts: 3 }, [unfinished]],
    ['Degraded', 'of a deleted user who is quarantined', { ...gone, quarantined: true }, [unfinished]],
    ['Degraded', 'of a deleted user who needs action', gone, [held]],
    ['Deleted', 'of a forgotten user, whatever else is known', { forgotten: true }, [paused, held]],
  ])('is %s %s', (health, _whose, facts, conditions) => {
    expect(healthOf({ ...fold([]), ...facts }, conditions)).toBe(health);
  });
});

it('a deleted user is shown as deleted, and as before once Auth0 has the user again', () => {
  const events = [
    observed(1),
    aliceEvent('converged', 2, { conditions: [kept], actions: 0, latencyMs: 1 }),
    aliceEvent('auth0.user-absent', 3, { userId: alice.userId }),
  ];
  expect(subjectView(fold(events))).toMatchObject({ sync: 'Synced', health: 'Deleted' });
  expect(subjectView(fold([...events, observed(4)])).health).toBe('Healthy');
});
