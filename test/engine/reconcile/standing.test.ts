/** From what is known of a user to the two axes. */
import { describe, expect, it } from 'vitest';
import { healthOf, subjectView } from '../../../src/engine/reconcile/standing.ts';
import type { ConditionDraft } from '../../../src/events/condition.ts';
import { fold } from '../../../src/events/fold.ts';
import type { Health } from '../../../src/ports/subjects.ts';
import { asDesired, heldForPerson, toBeMended } from '../../../src/reconcilers/reconciler.ts';
import { alice } from '../../mongo/subjects/people.ts';
import { observed, told } from '../../support/in-memory/told.ts';

const message = 'm';
const kept = asDesired({ type: 'account', reason: 'UserGone', message });
const pending = toBeMended({ type: 'account', reason: 'RemovalDue', message });
const paused = toBeMended({ type: 'pause', reason: 'Paused', message });
const needsAction = heldForPerson({ type: 'account', reason: 'AccountsDiffer', message });
const gone = { absentSince: new Date(0) };
const blocked = { auth0: fold([observed(1, { blocked: true })]).auth0 };

describe('the health', () => {
  it.each<[Health, string, Partial<ReturnType<typeof fold>>, readonly ConditionDraft[]]>([
    ['Healthy', 'of a user who lacks nothing', {}, [kept]],
    ['Deleted', 'of a deleted user who lacks nothing', gone, [kept]],
    ['Deleted', 'of a deleted user whose account waits for removal', gone, [pending]],
    ['Deleted', 'of a user who was blocked and then deleted', { ...blocked, ...gone }, [kept]],
    ['Suspended', 'of a blocked user', blocked, [kept]],
    ['Suspended', 'of a paused user who is deleted', gone, [paused, kept]],
    ['Degraded', 'of a deleted user whose removal fails', { ...gone, attempts: 3 }, [pending]],
    ['Degraded', 'of a deleted user who is quarantined', { ...gone, quarantined: true }, [pending]],
    ['Degraded', 'of a deleted user who needs action', gone, [needsAction]],
    ['Deleted', 'of a forgotten user, whatever else is known', { forgotten: true }, [paused, needsAction]],
  ])('is %s %s', (health, _whose, facts, conditions) => {
    expect(healthOf({ ...fold([]), ...facts }, conditions)).toBe(health);
  });
});

it('a deleted user is shown as deleted, and as before once Auth0 has the user again', () => {
  const events = [
    observed(1),
    told('converged', 2, { conditions: [kept], actions: 0, latencyMs: 1 }),
    told('auth0.user-absent', 3, { userId: alice.userId }),
  ];
  expect(subjectView(fold(events))).toMatchObject({ sync: 'Synced', health: 'Deleted' });
  expect(subjectView(fold([...events, observed(4)])).health).toBe('Healthy');
});
