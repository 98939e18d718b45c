/** The story the sandbox shows: the incident as it was found, healed; and one person who signs up live. */
import { audit } from '../commands/audit/audit.ts';
import type { AuditReport } from '../commands/audit/report.ts';
import type { ReconciliationResult } from '../engine/reconcile/reconcile.ts';
import { type Code, parseAuth0UserId, userKey } from '../identity.ts';
import type { Lease } from '../ports/queue.ts';
import type { ReadSide } from '../wiring/read-side.ts';
import { INCIDENT } from './incident.ts';
import type { World } from './world.ts';

/** The expectations of the sandbox, and those that failed. */
export interface Expectations {
  readonly failed: readonly string[];
}

export interface CountedState {
  readonly verifications: string;
  readonly users: string;
  readonly codes: string;
  readonly handles: string;
  readonly accounts: string;
  readonly waitingForEmailVerification: number;
  /** Issues by user, of users who are out of sync. */
  readonly issues: Readonly<Record<string, readonly string[]>>;
}

export interface LiveStep {
  readonly what: string;
  readonly result: string;
  /** Milliseconds from what the person did to what came of it. */
  readonly ms: number;
}

export function counted(report: AuditReport): CountedState {
  const { totals } = report;
  const share = ({ have, of }: { readonly have: number; readonly of: number }) => `${have}/${of}`;
  return {
    verifications: share(totals.verifications),
    users: share(totals.users),
    codes: share(totals.codes),
    handles: share(totals.handles),
    accounts: share(totals.accounts),
    waitingForEmailVerification: totals.waitingForEmailVerification,
    issues: Object.fromEntries(report.users.map(({ user, issues }) => [user, issues])),
  };
}

/** The handle's label of each of the incident's accounts, and the code it may be replaced by. */
export async function accountHandles(
  side: ReadSide,
): Promise<Record<string, { handle: string | null; code: Code | null }>> {
  const keys = INCIDENT.users.map(({ userId }) => keyOf(userId));
  const documents = await side.assess.documents.read(keys);
  const result: Record<string, { handle: string | null; code: Code | null }> = {};
  for (const key of keys) {
    const user = documents.get(key)?.user;
    const did = user?.account?.did;
    const account = did === undefined ? 'missing' : await side.assess.accounts.account(did);
    const label = account === 'missing' ? null : (account.handle.split('.', 1)[0] ?? null);
    result[key] = { handle: label, code: user?.code ?? null };
  }
  return result;
}

/** Compares the actual state with the record of the incident. With invented users only shares can be compared. */
export function checkExpectations(
  before: CountedState | undefined,
  after: CountedState,
  handles: Readonly<Record<string, { readonly handle: string | null; readonly code: string | null }>>,
  invented: number,
): Expectations {
  const { expected } = INCIDENT;
  const failed: string[] = [];
  const expectSame = (what: string, found: unknown, wanted: unknown) => {
    if (found !== wanted) failed.push(`${what}: expected ${String(wanted)}, found ${String(found)}`);
  };
  if (invented === 0) {
    for (const [name, wanted] of Object.entries(expected.before)) {
      if (before !== undefined)
        expectSame(`before, ${name}`, before[name as keyof typeof expected.before], wanted);
    }
    for (const [name, wanted] of Object.entries(expected.after)) {
      expectSame(`after, ${name}`, after[name as keyof typeof expected.after], wanted);
    }
    expectSame('after, waiting', after.waitingForEmailVerification, expected.waitingForEmailVerification);
  }
  for (const name of ['verifications', 'users', 'codes', 'accounts'] as const) {
    const [have, of] = after[name].split('/');
    expectSame(`after, ${name} of everyone`, have, of);
  }
  for (const [user, wanted] of Object.entries(expected.accountHandles)) {
    const { handle = null, code = null } = handles[user] ?? {};
    expectSame(`account handle of ${user}`, handle, wanted === 'code' ? code : wanted);
    if (code === null) failed.push(`code of ${user}: there is none`);
  }
  return { failed };
}

export function auditWorld(side: ReadSide): Promise<AuditReport> {
  return audit(side, { limit: 20 });
}

/** Lets callers wait for the end of a reconciliation. */
export class ReconciliationWatch {
  readonly #waiting = new Set<{
    readonly matches: (lease: Lease, result: ReconciliationResult) => boolean;
    readonly done: () => void;
    readonly goesOn: () => void;
  }>();

  readonly onReconciliation = (lease: Lease, result: ReconciliationResult): void => {
    for (const waiter of this.#waiting) {
      waiter.goesOn();
      if (!waiter.matches(lease, result)) continue;
      this.#waiting.delete(waiter);
      waiter.done();
    }
  };

  /** Resolves at the first one that matches; rejects when none at all has ended for `quietMs` milliseconds. */
  next(
    what: string,
    matches: (lease: Lease, result: ReconciliationResult) => boolean,
    quietMs = 120_000,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter = {
        matches,
        done: () => {
          clearTimeout(timer);
          resolve();
        },
        goesOn: () => void timer.refresh(),
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(waiter);
        reject(new Error(`${what} did not happen, and nothing else for ${quietMs / 1_000} s`));
      }, quietMs);
      this.#waiting.add(waiter);
    });
  }
}

/** One person signs up, verifies the email and chooses a handle; each step is timed to its effect. */
export async function liveSignUp(
  world: World,
  side: ReadSide,
  watch: ReconciliationWatch,
  onStep: (step: LiveStep) => void,
): Promise<LiveStep[]> {
  const steps: LiveStep[] = [];
  const name = `dawn-${Math.floor(Date.now() / 1_000).toString(36)}`;
  const step = async (
    what: string,
    act: () => Promise<unknown>,
    until: Promise<void>,
    tell: () => Promise<string>,
  ) => {
    const startedAt = performance.now();
    await act();
    await until;
    const ms = Math.round(performance.now() - startedAt);
    const taken = { what, result: await tell(), ms };
    steps.push(taken);
    onStep(taken);
  };

  let userId = '';
  const isDawn = (lease: Lease) => lease.userId === userId;
  const documents = async () => (await side.assess.documents.read([keyOf(userId)])).get(keyOf(userId));
  const account = async () => {
    const did = (await documents())?.user?.account?.did;
    const found = did === undefined ? 'missing' : await side.assess.accounts.account(did);
    if (found === 'missing') throw new Error('the account did not appear');
    return found;
  };
  await step(
    'Dawn signs up',
    async () => {
      userId = (await world.auth0.signUp({ email: `${name}@example.com` })).user_id;
    },
    watch.next(
      'the users document',
      (lease, { applied }) => isDawn(lease) && applied.some(({ type }) => type === 'create-user-document'),
    ),
    async () => `users document with the code ${(await documents())?.user?.code ?? 'none'}`,
  );
  await step(
    'Dawn verifies the email',
    () => world.auth0.verifyEmail(userId),
    watch.next(
      'the account',
      (lease, { applied }) => isDawn(lease) && applied.some(({ type }) => type === 'create-account'),
    ),
    async () => {
      const { did, handle } = await account();
      return `account ${did} as ${handle}`;
    },
  );
  await step(
    `Dawn chooses the handle @${name}`,
    () => world.chooseHandle(userId, name),
    watch.next(
      'the new handle',
      (lease, { applied }) => isDawn(lease) && applied.some(({ type }) => type === 'change-handle'),
    ),
    async () => `the account is ${(await account()).handle}`,
  );
  return steps;
}

function keyOf(userId: string) {
  const parsed = parseAuth0UserId(userId);
  if (parsed === undefined) throw new Error('the stand-in made an id that does not parse');
  return userKey('', parsed);
}
