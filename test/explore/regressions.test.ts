/** Schedules that the engine did not stand once, each as `asTest` prints it. */
import { expect, it } from 'vitest';
import { history } from './model/histories.ts';
import { scenarioNamed } from './model/scenarios/scenarios.ts';
import { Explorer } from './search/explorer.ts';

it('acts on nothing that it read before its lease ran out', async () => {
  const explorer = new Explorer();
  await explorer.run({
    scenario: scenarioNamed('a sign-up with a verified email'),
    delivery: 'once',
    faults: [
      { at: 4, kind: 'slow' },
      { at: 7, kind: 'slow' },
    ],
    workers: 1,
    seed: 1,
  });
  expect(explorer.violations.flatMap(({ flaws }) => flaws)).toEqual([]);
});

it('records an account whose creation outlasted the lease and the intent', async () => {
  const explorer = new Explorer();
  await explorer.run({
    scenario: scenarioNamed('a sign-up with a verified email'),
    delivery: 'once',
    faults: [
      { at: 20, kind: 'stall-before' },
      { at: 30, kind: 'crash-after' },
    ],
    workers: 1,
    seed: 1,
  });
  expect(explorer.violations.flatMap(({ flaws }) => flaws)).toEqual([]);
});

it('owns the account of a creation that was given up, also under another address', async () => {
  const explorer = new Explorer();
  await explorer.run({
    scenario: scenarioNamed('another address'),
    delivery: 'once',
    faults: [
      { at: 24, kind: 'stall-before' },
      { at: 34, kind: 'crash-after' },
    ],
    workers: 1,
    seed: 1,
  });
  expect(explorer.violations.flatMap(({ flaws }) => flaws)).toEqual([]);
});

it('ends a wait for a user whose newest event came after the lease on that user was lost', async () => {
  const explorer = new Explorer();
  await explorer.run({
    scenario: scenarioNamed('a sign-up with the address of a user who is deleted after it'),
    delivery: 'once',
    faults: [
      { at: 103, kind: 'error' },
      { at: 105, kind: 'stall-before' },
    ],
    workers: 1,
    seed: 1,
  });
  expect(explorer.violations.flatMap(({ flaws }) => flaws)).toEqual([]);
});

it('tells the sister what she goes by, also when the log was told of something else too late', async () => {
  const explorer = new Explorer();
  await explorer.run({
    scenario: scenarioNamed('a handle that goes from one account of a person to the other'),
    delivery: 'once',
    faults: [
      { at: 85, kind: 'error' },
      { at: 87, kind: 'stall-before' },
    ],
    workers: 1,
    seed: 1,
  });
  expect(explorer.violations.flatMap(({ flaws }) => flaws)).toEqual([]);
});

it('sets nobody aside for what follows from an outage', async () => {
  const explorer = new Explorer();
  await explorer.run({
    scenario: scenarioNamed('a quarantine, and a person tries again'),
    delivery: 'once',
    faults: [
      { at: 4, kind: 'error' },
      { at: 20, kind: 'error' },
    ],
    workers: 1,
    seed: 1,
  });
  expect(explorer.violations.flatMap(({ flaws }) => flaws)).toEqual([]);
});

it('lets the second of two know in the end whose the address is', async () => {
  const explorer = new Explorer();
  await explorer.run({
    scenario: scenarioNamed('one address in two tenants'),
    delivery: 'once',
    faults: [
      { at: 5, kind: 'crash-after' },
      { at: 30, kind: 'crash-after' },
    ],
    workers: 1,
    seed: 1,
  });
  expect(explorer.violations.flatMap(({ flaws }) => flaws)).toEqual([]);
});

it('keeps the password that is set when two workers adopt one account', async () => {
  const explorer = new Explorer();
  const scenario = scenarioNamed('an account that a person said is the user’s');
  const { trace } = await explorer.run({ scenario, delivery: 'once', faults: [], workers: 1, seed: 1 });
  for (const name of ['documents.recordAccount', 'accounts.setPassword']) {
    const at = trace.findIndex((point) => point.name === name);
    const faults = [{ at, kind: 'stall-before' as const }];
    await explorer.run({ scenario, delivery: 'once', faults, workers: 1, seed: 1 });
  }
  expect(explorer.violations.flatMap(({ flaws }) => flaws)).toEqual([]);
});

it('does not restore an account with the password of a creation that came late', async () => {
  const explorer = new Explorer();
  await explorer.run({
    scenario: scenarioNamed('restored: the account in the document'),
    delivery: 'once',
    faults: [{ at: 18, kind: 'stall-before' }],
    workers: 1,
    seed: 1,
  });
  expect(explorer.violations.flatMap(({ flaws }) => flaws)).toEqual([]);
});

it('does not reconcile a user every second who waits for one whose reconciliation broke off', async () => {
  const explorer = new Explorer();
  const scenario = scenarioNamed('an exchange of addresses');
  const { trace } = await explorer.run({ scenario, delivery: 'once', faults: [], workers: 1, seed: 1 });
  for (const [at, { name }] of trace.entries()) {
    if (name !== 'subjects.waitingFor') continue;
    const faults = [{ at, kind: 'crash-after' as const }];
    await explorer.run({ scenario, delivery: 'once', faults, workers: 1, seed: 1 });
  }
  expect(explorer.violations.flatMap(({ flaws }) => flaws)).toEqual([]);
});

it('does not leave an account parked by a call that came after the exchange', async () => {
  const explorer = new Explorer();
  const scenario = scenarioNamed('an exchange of addresses at one moment');
  const { trace } = await explorer.run({ scenario, delivery: 'once', faults: [], workers: 1, seed: 1 });
  for (const [at, { name }] of trace.entries()) {
    if (name !== 'accounts.changeEmail') continue;
    const faults = [{ at, kind: 'stall-before' as const }];
    await explorer.run({ scenario, delivery: 'once', faults, workers: 1, seed: 1 });
  }
  expect(explorer.violations.flatMap(({ flaws }) => flaws)).toEqual([]);
});

it('makes those due who wait for a user who is forgotten', async () => {
  const explorer = new Explorer();
  await explorer.run({
    scenario: history(114, [0, 3]),
    delivery: 'once',
    faults: [{ at: 228, kind: 'user-forgotten' }],
    workers: 1,
    seed: 114,
  });
  expect(explorer.violations.flatMap(({ flaws }) => flaws)).toEqual([]);
});

it('tells that it deleted what was left of an account, also where the user was deleted meanwhile', async () => {
  const explorer = new Explorer();
  await explorer.run({
    scenario: scenarioNamed('a row without a repository'),
    delivery: 'once',
    faults: [
      { at: 48, kind: 'user-deleted' },
      { at: 52, kind: 'crash-after' },
    ],
    workers: 1,
    seed: 1,
  });
  expect(explorer.violations.flatMap(({ flaws }) => flaws)).toEqual([]);
});

it('finds the account of a deleted user whose creation came after it was given up', async () => {
  const explorer = new Explorer();
  await explorer.run({
    scenario: scenarioNamed('a sign-up with a verified email'),
    delivery: 'once',
    faults: [
      { at: 7, kind: 'user-deleted' },
      { at: 21, kind: 'too-late' },
    ],
    workers: 1,
    seed: 1,
  });
  expect(explorer.violations.flatMap(({ flaws }) => flaws)).toEqual([]);
});

it('sets the password that it stored, also where the user was deleted meanwhile', async () => {
  const explorer = new Explorer();
  await explorer.run({
    scenario: scenarioNamed('a password that the document lost, and a person has a new one set'),
    delivery: 'once',
    faults: [
      { at: 56, kind: 'user-deleted' },
      { at: 61, kind: 'crash-after' },
    ],
    workers: 1,
    seed: 1,
  });
  expect(explorer.violations.flatMap(({ flaws }) => flaws)).toEqual([]);
});
