/** What users who are not in sync have in common, and the command that is proposed about them. */
import { describe, expect, it } from 'vitest';
import { situationGroups } from '../../../src/engine/reports/situation-groups.ts';
import type { StatusCounts } from '../../../src/ports/status-counts.ts';
import { alice, at, bob, otherTenant, tenant } from '../../mongo/subjects/people.ts';

type Situation = StatusCounts['situations'][number];

const one: Situation = {
  ...{ tenant, resource: 'account', reason: 'EmailTaken', held: true, deleted: false },
  ...{ users: 1, example: alice.user, since: at(5), message: 'It is taken.' },
};
const commandFor = (changes: Partial<Situation>) => situationGroups([{ ...one, ...changes }])[0]?.command;
const explained = `concord explain '${alice.user}'`;

describe('the command of a condition that needs action', () => {
  it.each([
    [
      'its first',
      `Move it with: concord transfer 'auth0|b' 'auth0|a'. Then run: concord reconcile 'auth0|a'`,
    ],
    ['with the rest of the message after it', `Move it with: concord transfer 'auth0|b' 'auth0|a'; or wait.`],
  ])('is that of its message: %s', (_, message) => {
    expect(commandFor({ message })).toBe("concord transfer 'auth0|b' 'auth0|a'");
  });

  it('is an explanation where a value has to be filled in, and where the message names none', () => {
    const message = `Set it with: concord adopt 'auth0|a' <did>. Then run: concord reconcile 'auth0|a'`;
    expect(commandFor({ message })).toBe(explained);
    expect(commandFor({})).toBe(explained);
  });

  it('is that of the user who has it for longest, of all tenants', () => {
    const younger = { ...one, message: 'Move it with: concord retry x' };
    const elder = {
      ...{ ...one, tenant: otherTenant, example: bob.user, since: at(1) },
      message: 'Move it with: concord retry y',
    };
    for (const situations of [
      [younger, elder],
      [elder, younger],
    ])
      expect(situationGroups(situations)).toMatchObject([
        { users: 2, held: 2, example: bob.user, since: at(1), command: 'concord retry y' },
      ]);
  });
});

it.each([
  ['RemovalDue', 'concord approve'],
  ['RemovalWithheld', 'concord pull'],
  ['ClockDiffers', 'concord doctor'],
  ['Failing', explained],
  ['TransferPending', explained],
  ['Paused', `concord resume '${alice.user}'`],
  ['HandleTaken', `concord reconcile '${alice.user}'`],
])('proposes for %s, which needs no action of a person or another one: %s', (reason, command) => {
  // What another system said is no command of ours.
  const message = 'The PDS said: concord forget everyone';
  expect(commandFor({ reason, held: false, message })).toBe(command);
});
