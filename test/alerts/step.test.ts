import { describe, expect, it } from 'vitest';
import { step } from '../../src/alerts/step.ts';
import type { Alert, Cause } from '../../src/ports/alerts.ts';
import { alice, at } from '../mongo/subjects/people.ts';
import { ALERT_SETTINGS } from '../support/in-memory/alerts.ts';

const DAY = 86_400;

function cause(changes: Partial<Cause> = {}): Cause {
  return {
    ...{ id: 'unreachable:pds', kind: 'unreachable', tenant: undefined, what: 'The PDS does not answer.' },
    ...{ users: 1, orMore: false, example: alice.user, since: at(0), command: 'curl', isSettled: false },
    ...changes,
  };
}

/** What is seen at so many seconds; nothing where it could not be looked at. */
type Look = readonly [second: number, causes: readonly Cause[], blind?: readonly string[]];

/** Everything that is told of these looks, and what is known in the end. */
function live(looks: readonly Look[]): {
  readonly told: readonly string[];
  readonly alerts: readonly Alert[];
} {
  let alerts: readonly Alert[] = [];
  const told: string[] = [];
  for (const [second, causes, blind = []] of looks) {
    const { changed, gone, notices } = step(alerts, { causes, blind }, at(second), ALERT_SETTINGS);
    for (const { type } of notices) told.push(`${second} ${type}`);
    const left = new Map(alerts.map((alert) => [alert.cause.id, alert]));
    for (const alert of changed) left.set(alert.cause.id, alert);
    for (const id of gone) left.delete(id);
    alerts = [...left.values()];
  }
  return { told, alerts };
}

const here = [cause()];

describe('what is told', () => {
  it.each<{ reason: string; looks: readonly Look[]; told: readonly string[] }>([
    {
      reason: 'a blip is not told of',
      looks: [
        [0, here],
        [10, []],
        [20, here],
        [30, []],
      ],
      told: [],
    },
    {
      reason: 'what lasts is',
      looks: [
        [0, here],
        [10, here],
        [20, here],
        [30, here],
      ],
      told: ['20 opened'],
    },
    { reason: 'so many users are no blip', looks: [[0, [cause({ users: 5 })]]], told: ['0 opened'] },
    { reason: 'nor what is settled', looks: [[0, [cause({ isSettled: true })]]], told: ['0 opened'] },
    {
      reason: 'it is over only when it has not been seen for a while',
      looks: [
        [0, here],
        [20, here],
        [30, []],
        [80, []],
        [89, []],
        [90, []],
        [200, []],
      ],
      told: ['20 opened', '90 closed'],
    },
    {
      reason: 'seen again in between, it has never been away',
      looks: [
        [0, here],
        [20, here],
        [30, []],
        [80, here],
        [90, []],
        [140, []],
      ],
      told: ['20 opened'],
    },
    {
      reason: 'what could not be looked at is not over, and not what begins with its name alone either',
      looks: [
        [0, here],
        [20, here],
        [30, [], ['unreachable']],
        [300, [], ['unreachable:pds']],
      ],
      told: ['20 opened'],
    },
    {
      reason: 'another name keeps nothing open',
      looks: [
        [0, here],
        [20, here],
        [30, [], ['unreach', 'unreachable:auth0']],
        [300, []],
      ],
      told: ['20 opened', '300 closed'],
    },
    {
      reason: 'after a day somebody is reminded, and after another',
      looks: [
        [0, here],
        [20, here],
        [DAY, here],
        [DAY + 20, here],
        [DAY + 30, here],
        [2 * DAY + 20, here],
      ],
      told: ['20 opened', `${DAY + 20} reminded`, `${2 * DAY + 20} reminded`],
    },
    {
      reason: 'when there are many more, sooner, but not all the time',
      looks: [
        [0, [cause({ users: 10 })]],
        [100, [cause({ users: 30 })]],
        [300, [cause({ users: 30 })]],
        [400, [cause({ users: 70 })]],
      ],
      told: ['0 opened', '300 reminded'],
    },
    {
      reason: 'a few more are no news',
      looks: [
        [0, [cause({ users: 5 })]],
        [400, [cause({ users: 14 })]],
      ],
      told: ['0 opened'],
    },
    {
      reason: 'it opens anew when it comes back',
      looks: [
        [0, here],
        [20, here],
        [30, []],
        [90, []],
        [100, here],
        [120, here],
      ],
      told: ['20 opened', '90 closed', '120 opened'],
    },
  ])('$reason', ({ looks, told }) => {
    expect(live(looks).told).toEqual(told);
  });

  it('is one for each cause', () => {
    const other = cause({ id: 'converge-failing:pds:BUG', users: 7 });
    expect(
      live([
        [0, [...here, other]],
        [20, [...here, other]],
      ]).told,
    ).toEqual(['0 opened', '20 opened']);
  });

  it('has an id of its own for each telling and each opening, whoever works it out', () => {
    const first = live([[0, here]]).alerts;
    const ids = (second: number) =>
      step(first, { causes: here, blind: [] }, at(second), ALERT_SETTINGS).notices.map(({ id }) => id);
    expect(ids(20)).toEqual([`unreachable:pds@${at(0).toISOString()}#1`]);
    expect(ids(25)).toEqual(ids(20));
    const again = live([
      [0, here],
      [20, here],
      [30, []],
      [90, []],
      [100, here],
    ]).alerts;
    expect(again.map(({ opening }) => opening)).toEqual([`unreachable:pds@${at(100).toISOString()}`]);
  });
});

describe('what is kept', () => {
  it('is the newest word on the cause', () => {
    const [alert] = live([
      [0, here],
      [20, here],
      [30, [cause({ users: 3, what: 'Three of them.' })]],
    ]).alerts;
    expect(alert).toMatchObject({ phase: 'open', cause: { users: 3, what: 'Three of them.' }, toldUsers: 1 });
  });

  it('is not written again when nothing has changed', () => {
    const { alerts } = live([
      [0, here],
      [20, here],
    ]);
    const same = step(alerts, { causes: [cause({ since: at(9) })], blind: [] }, at(30), ALERT_SETTINGS);
    expect(same).toEqual({ changed: [], gone: [], notices: [] });
  });
});
