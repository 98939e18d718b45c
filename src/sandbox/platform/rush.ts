/** A rush: people sign up, and some of them leave again at random moments, while Concord works. */
import { randomBytes } from 'node:crypto';
import { systemClock } from '../../wiring/system.ts';
import type { Auth0Tenant } from '../auth0/tenant.ts';
import type { EngineProcess } from '../engine.ts';
import type { Platform } from './platform.ts';
import { type RestDeps, waitUntilAtRest } from './rest.ts';
import { middleOfLeaving, planRush, type RushPerson, type RushSize } from './rush-plan.ts';
import { type RushStory, type Verdict, verdictOn } from './verdict.ts';

const PASSWORD = 'correct horse battery staple';

export interface RushDeps extends Omit<RestDeps, 'documents' | 'auth0' | 'stream'> {
  readonly auth0: Auth0Tenant;
  readonly platform: Platform;
  readonly process: Pick<EngineProcess, 'kill' | 'ready'>;
}

export interface RushOptions extends RushSize {
  /** Kill the engine with SIGKILL while people leave. It is started again. */
  readonly killEngine: boolean;
}

export interface RushResult extends RushOptions {
  readonly ok: boolean;
  /** Undefined when everything came to rest. */
  readonly unrest: string | undefined;
  /** How long after the last person did something everything was at rest. */
  readonly restMs: number;
  readonly verdicts: readonly Verdict[];
}

export async function runRush(deps: RushDeps, options: RushOptions): Promise<RushResult> {
  const { auth0, platform, signal } = deps;
  const plan = planRush(options);
  const nonce = randomBytes(2).toString('hex');
  const killed = options.killEngine ? killAt(deps, middleOfLeaving(plan)) : Promise.resolve();
  const stories = await Promise.all(plan.map((person) => live(deps, person, nonce)));
  await killed;
  const startedAt = performance.now();
  const { states, unrest } = await waitUntilAtRest(
    { ...deps, documents: platform.documents, stream: auth0.logStream, signal },
    stories,
  );
  const verdicts = stories.flatMap((story) => {
    const state = states.get(story.user);
    return state === undefined ? [] : [verdictOn(story, state)];
  });
  const ok =
    unrest === undefined && verdicts.every(({ returned, lacking }) => returned.length + lacking.length === 0);
  return { ...options, ok, unrest, restMs: Math.round(performance.now() - startedAt), verdicts };
}

async function killAt({ process, signal }: RushDeps, afterMs: number): Promise<void> {
  await systemClock.delay(afterMs, signal);
  await process.kill();
  await process.ready();
}

/** One person, from the sign-up to the last step. */
async function live(deps: RushDeps, person: RushPerson, nonce: string): Promise<RushStory> {
  const { auth0, platform, signal } = deps;
  const { handlers, calls } = platform;
  const pause = async (ms: number): Promise<void> => {
    await systemClock.delay(ms, signal);
    if (signal.aborted) throw new Error('stopped in the middle of a rush');
  };
  const name = `r${nonce}${String(person.number).padStart(3, '0')}`;
  const email = `${name}@example.com`;
  await pause(person.signsUpAfterMs);
  const user = await calls.signUp(email, PASSWORD);
  await pause(person.handlerAfterMs);
  const code = await handlers.onSignUp(user, { count: 0, userDocument: person.userDocument });
  await pause(person.verifiesAfterMs);
  await auth0.verifyEmail(user);
  const { leaves } = person;
  // A person who has begun to leave chooses no handle.
  const choosesAt = person.handleAfterMs ?? Number.POSITIVE_INFINITY;
  const chooses = choosesAt < (leaves?.afterMs ?? Number.POSITIVE_INFINITY);
  if (chooses) {
    await pause(choosesAt);
    const result = await handlers.changeHandle(user, name);
    if (result !== 'set') throw new Error(`the handle ${name} was not set: ${result}`);
  }
  const story = { user, email, code, handle: chooses ? name : undefined };
  if (leaves === undefined) return { ...story, left: undefined };
  await pause(leaves.afterMs - (chooses ? choosesAt : 0));
  const steps =
    leaves.how === 'erasure' ? await handlers.erase(user, leaves) : await handlers.purge(user, leaves);
  return { ...story, left: { how: leaves.how, steps } };
}
