/** Waits until everything has come to rest, by what happens and not by the clock. */
import { isDeepStrictEqual } from 'node:util';
import { parseAuth0UserId } from '../../identity.ts';
import type { Engine } from '../../wiring/engine.ts';
import { systemClock } from '../../wiring/system.ts';
import type { Auth0Tenant } from '../auth0/tenant.ts';
import { type FinalReads, keyOf, type Read, readFinalStates } from './final-state.ts';
import type { FinalState } from './verdict.ts';

const POLL_MS = 200;
/** Without any change for so long, while users are still due, nothing more is expected. */
const STALLED_AFTER_MS = 60_000;
/** Reconciliations of everyone that each change something: more of them are a loop. */
const MOST_ROUNDS = 8;

export interface RestDeps extends FinalReads {
  /** Of this process, to mark users due. */
  readonly engine: Pick<Engine, 'queue' | 'subjects' | 'tenants'>;
  readonly stream: Auth0Tenant['logStream'];
  readonly signal: AbortSignal;
}

export interface AtRest {
  readonly states: ReadonlyMap<string, FinalState>;
  /** Undefined when it is at rest; otherwise what still happens. */
  readonly unrest: string | undefined;
}

/**
 * At rest is what one more reconciliation of everyone does not change. So first all that is due is waited for, then
 * everyone is reconciled once more, until two states are equal.
 */
export async function waitUntilAtRest(deps: RestDeps, people: readonly Read[]): Promise<AtRest> {
  const [tenant] = deps.engine.tenants;
  if (tenant === undefined) throw new Error('the sandbox has no tenant');
  let before: ReadonlyMap<string, FinalState> | undefined;
  for (let round = 0; round <= MOST_ROUNDS; round += 1) {
    const stalled = await drained(deps, people);
    const states = await readFinalStates(deps, people);
    if (stalled !== undefined) return { states, unrest: stalled };
    if (isDeepStrictEqual(states, before)) return { states, unrest: undefined };
    before = states;
    const triggers = people.flatMap(({ user }) => {
      const userId = parseAuth0UserId(user);
      return userId === undefined ? [] : [{ user: keyOf(user), userId, tenant: tenant.id }];
    });
    await deps.engine.queue.markDue(triggers, systemClock.now(), 'sweep');
  }
  return {
    states: before ?? new Map(),
    unrest: `each of ${MOST_ROUNDS} reconciliations of everyone changed something`,
  };
}

/** Resolves when no user is due, leased or backing off; or with what did not end. */
async function drained(deps: RestDeps, people: readonly Read[]): Promise<string | undefined> {
  const { engine, stream, signal, side } = deps;
  const keys = people.map(({ user }) => keyOf(user));
  let seen: unknown;
  let changedAt = performance.now();
  for (;;) {
    const isDelivered = await stream.flush(POLL_MS).then(
      () => true,
      // The engine may be down at this moment; Auth0 tries again.
      () => false,
    );
    const backlog = await engine.subjects.backlog(systemClock.now());
    const subjects = [...(await side.assess.subjects.read(keys)).values()];
    const waiting = subjects.filter(({ dueAt, quarantined }) => dueAt !== undefined && !quarantined);
    if (isDelivered && backlog.due === 0 && waiting.length === 0) return undefined;
    if (signal.aborted) return 'stopped before everything had come to rest';
    const now = subjects.map(({ user, attempts, sync, health, conditions }) => [
      ...[user, attempts, sync, health],
      conditions.map(({ type, reason }) => [type, reason]),
    ]);
    if (!isDeepStrictEqual(now, seen)) changedAt = performance.now();
    seen = now;
    if (performance.now() - changedAt > STALLED_AFTER_MS) {
      const names = waiting.slice(0, 3).map(({ user }) => user);
      return `${backlog.due} users are due and ${waiting.length} wait (${names.join(', ')}), without progress for ${STALLED_AFTER_MS / 1_000} s`;
    }
    await systemClock.delay(POLL_MS, signal);
  }
}
