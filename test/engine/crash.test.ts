/**
 * Every call that a pass makes, broken in every way: not made, made and its answer lost, or the process
 * gone before or after it. Whatever breaks, the user ends up whole, once, and the log says how.
 */
import { describe, expect, it } from 'vitest';
import type { PassResult } from '../../src/engine/converge.ts';
import { UpstreamError } from '../../src/errors.ts';
import { fold } from '../../src/events/fold.ts';
import { alice } from '../mongo/people.ts';
import type { PortCall } from '../support/in-memory/hooks.ts';
import { seededRandom } from '../support/in-memory/random.ts';
import { FROM_OUTSIDE, type Scenario, scenarios } from '../support/in-memory/scenarios.ts';
import {
  createWorld,
  eventsOf,
  passOrDeath,
  passOver,
  snapshot,
  untilQuiet,
  type World,
} from '../support/in-memory/world.ts';

const FAULTS = [
  'refused before',
  'lost before',
  'answer lost',
  'process gone before',
  'process gone after',
] as const;
type Fault = (typeof FAULTS)[number];

interface Run {
  readonly world: World;
  readonly calls: readonly PortCall[];
  /** Passes that were needed after the one with the fault. */
  readonly passesAfter: number;
}

interface Strike {
  /** The number of the call, counted from 0 over all passes. */
  readonly at: number;
  readonly kind: Fault;
}

async function run(scenario: Scenario, strikes: readonly Strike[] = []): Promise<Run> {
  const world = createWorld(scenario.policy === undefined ? {} : { policy: scenario.policy });
  const calls: PortCall[] = [];
  const numbers = new Map<PortCall, number>();
  let left = strikes;
  let passesAfter = 0;

  const passOnce = (): Promise<void> => {
    let die: () => void = () => undefined;
    const died = new Promise<void>((resolve) => {
      die = resolve;
    });
    const meet = (call: PortCall, kinds: readonly Fault[]): Promise<never> | undefined => {
      const strike = left.find(({ at, kind }) => at === numbers.get(call) && kinds.includes(kind));
      if (strike === undefined) return undefined;
      left = left.filter((other) => other !== strike);
      passesAfter = 0;
      if (!strike.kind.startsWith('process')) throw faultError(call, strike.kind);
      die();
      return new Promise(() => undefined);
    };
    let isOver = false;
    world.hooks.before = (call) => {
      // The other half of a pair of calls that were under way when the process died.
      if (isOver) return new Promise(() => undefined);
      numbers.set(call, calls.length);
      calls.push(call);
      return meet(call, ['refused before', 'lost before', 'process gone before']);
    };
    world.hooks.after = (call) => meet(call, ['answer lost', 'process gone after']);
    return passOrDeath(world, died).finally(() => {
      isOver = true;
      world.hooks.before = undefined;
      world.hooks.after = undefined;
    });
  };

  for (const step of scenario.steps) {
    await step(world);
    for (;;) {
      const next = await world.queue.nextDueAt();
      if (next === undefined) break;
      passesAfter += 1;
      if (passesAfter > 10) throw new Error('It never becomes quiet.');
      await world.clock.advance(Math.max(0, next.getTime() - world.clock.now().getTime()));
      await passOnce();
    }
  }
  return { world, calls, passesAfter };
}

function faultError(call: PortCall, kind: Fault): UpstreamError {
  const upstream = call.port === 'accounts' ? 'pds' : call.port === 'auth0' ? 'auth0' : 'mongodb';
  const effect = call.writes && kind !== 'refused before' ? 'unknown' : 'none';
  return new UpstreamError(`${call.method} failed`, {
    upstream,
    code: 'UNREACHABLE',
    retryable: true,
    effect,
  });
}

/** Every way in which the end of a run is not as it should be. */
async function flaws({ world, passesAfter }: Run, scenario: Scenario): Promise<string[]> {
  const found: string[] = [];
  const check = (isFine: boolean, flaw: string): void => {
    if (!isFine) found.push(flaw);
  };
  const events = eventsOf(world, alice);
  const document = world.documents.users.get(alice.user);
  const [account, ...others] = [...world.accounts.stored.values()];
  const wanted = scenario.handle === 'code' ? `${document?.code}.at.test` : scenario.handle;

  check(account !== undefined && others.length === 0, `there are ${world.accounts.stored.size} accounts`);
  check(account?.handle === wanted, `the account carries ${account?.handle} and not ${wanted}`);
  check(account?.email === (scenario.email ?? 'alice@example.com'), 'the account has another address');
  check(account?.status === 'active' && account.hasRepo, 'the account is not active');
  check(document?.account?.did === account?.did, 'the document names another account');
  check(document?.account?.handle === account?.handle, 'the document names another handle');
  const password = document?.account?.password ?? '';
  check(
    world.vault.open(password, alice.user) === account?.password,
    'the kept password is not the account’s',
  );
  check(document?.pending === undefined, 'a pending password was left');
  check(world.accounts.leakedDids().length === 0, 'a DID leaked');
  check(world.documents.verifications.get(alice.user) === 1, 'the verification is not recorded once');

  const codes = events.flatMap((event) => (event.type === 'code.assigned' ? [event.data.code] : []));
  check(codes.length === 1 && codes[0] === document?.code, `the log tells of the codes ${codes.join(', ')}`);
  found.push(...unexplained(world));

  const conditions = (await world.subjects.get(alice.user))?.conditions ?? [];
  const bad = conditions.filter(({ status }) => status !== 'True').map(({ reason }) => reason);
  check(conditions.length >= 5 && bad.length === 0, `the conditions are ${conditions.length}: ${bad.join()}`);
  check(passesAfter <= (scenario.passes ?? 3), `it took ${passesAfter} passes`);

  const before = snapshot(world);
  const next: PassResult = await passOver(world, alice);
  check(next.end === 'converged' && next.applied.length === 0, `the next pass ended ${next.end}`);
  check(isEqual(snapshot(world), before), 'the next pass wrote something');
  return found;
}

/** What is there and is in no event, and events that follow from nothing. */
function unexplained(world: World): string[] {
  const events = eventsOf(world, alice);
  const ids = new Set(events.map(({ _id }) => _id));
  const rootless = events
    .filter(({ type, cause }) => !FROM_OUTSIDE.has(type) && !cause.some((id) => ids.has(id)))
    .map(({ type }) => `${type} follows from nothing`);
  const facts = fold(events);
  const document = world.documents.users.get(alice.user);
  const count = (type: string): number => events.filter((event) => event.type === type).length;
  const missing = [
    count('verification.recorded') > 0 ? [] : ['no event tells of the verification'],
    count('user-document.created') === 1 ? [] : [`${count('user-document.created')} tell of the document`],
    facts.account?.did === document?.account?.did ? [] : ['no event tells of the account'],
    facts.account?.handle === document?.account?.handle ? [] : ['no event tells of the handle'],
    facts.openActions.length === 0 ? [] : ['steps are open'],
    facts.intent === undefined ? [] : ['an intent is open'],
  ];
  return [...rootless, ...missing.flat()];
}

function isEqual(a: unknown, b: unknown): boolean {
  try {
    expect(a).toEqual(b);
    return true;
  } catch {
    return false;
  }
}

describe.each(scenarios)('$name', (scenario) => {
  it('goes well when nothing breaks', async () => {
    const end = await run(scenario);
    expect(end.calls.length).toBeGreaterThan(10);
    expect(await flaws(end, scenario)).toEqual([]);
  });

  it.each(FAULTS)('ends well, whichever call meets this: %s', async (kind) => {
    const { calls } = await run(scenario);
    const failures: string[] = [];
    for (const [at, call] of calls.entries()) {
      const found = await run(scenario, [{ at, kind }])
        .then((end) => flaws(end, scenario))
        .catch((error: unknown) => [String(error)]);
      for (const flaw of found) failures.push(`call ${at} ${call.port}.${call.method}: ${flaw}`);
    }
    expect(failures.slice(0, 12)).toEqual([]);
  });

  it('ends well when two things break', async () => {
    const { calls } = await run(scenario);
    const random = seededRandom(7);
    const strike = (): Strike => ({
      at: random.int(calls.length + 10),
      kind: FAULTS[random.int(FAULTS.length)] ?? 'answer lost',
    });
    const failures: string[] = [];
    for (let sample = 0; sample < 50; sample += 1) {
      const strikes = [strike(), strike()];
      const found = await run(scenario, strikes)
        .then((end) => flaws(end, scenario))
        .catch((error: unknown) => [String(error)]);
      const places = strikes.map(({ at, kind }) => `${at} ${kind}`).join(' and ');
      for (const flaw of found) failures.push(`${places}: ${flaw}`);
    }
    expect(failures.slice(0, 12)).toEqual([]);
  });

  it('leaves nothing due', async () => {
    const { world } = await run(scenario);
    expect(await untilQuiet(world)).toEqual([]);
  });
});
