/** What a case of test/conditions has to bring a user into its state by real means. */
import { randomBytes } from 'node:crypto';
import { sweep } from '../../src/engine/sweep/sweep.ts';
import type { Condition } from '../../src/events/condition.ts';
import { type Did, parseDid } from '../../src/identity.ts';
import type { Engine } from '../../src/wiring/engine.ts';
import type { OpenedPds } from '../faults/support/opened-pds.ts';
import { conditionOf, join, type Member, reconcileUser, storedMember } from '../support/member.ts';
import { asAdmin, createAccount, type Person, person, unlimited, xrpc } from '../support/pds.ts';
import { type Platform, platform } from '../support/platform.ts';
import { until } from '../support/until.ts';
import { lineRunner, type RunLine } from './command-lines.ts';

const DAY = 86_400_000;

/** What was refused stays refused, and a slow machine is waited for. */
const SETTINGS = {
  pds: { requestTimeoutMs: 30_000 },
  // Chosen, as where the platform's passwords are plaintext it has to be.
  credentials: { storage: 'sealed' },
  engine: { refusalRetryMs: DAY, leaseMs: 90_000, settleMs: 45_000, listInactiveMs: 0 },
};

export interface Stage {
  readonly world: Platform;
  readonly engine: Engine;
  readonly pds: OpenedPds;
  readonly run: RunLine;
}

/** Deletes the user in Auth0, and waits until its search, which lags behind, does not find the user either. */
export async function deleteInAuth0({ world, engine }: Stage, { userId }: Member): Promise<void> {
  await world.auth0.deleteUser(userId);
  await until('the search of Auth0 is without the user', async () => {
    const found = await Promise.all(engine.tenants.map(({ directory }) => directory.usersByIdentity(userId)));
    return found.flat().every((one) => one.userId !== userId);
  });
}

export interface Case {
  /** Beside the reason, where a reason has several cases. */
  readonly name?: string;
  /** Brings a user into the state, and returns the user. */
  readonly bring: (stage: Stage) => Promise<Member>;
  /** Those of the message's commands that are run. Default: all. */
  readonly choose?: (commands: readonly string[]) => readonly string[];
  /** What stands for `<did>`, `<code>` and the like, given the output of the commands before. */
  readonly fill?: (stage: Stage, member: Member, stdout: string) => Readonly<Record<string, string>>;
  /** What the message says to do elsewhere, done before the last command. */
  readonly meanwhile?: (stage: Stage, member: Member) => Promise<unknown>;
  /** Exit codes other than 0, by the first two words. */
  readonly exits?: Readonly<Record<string, number>>;
  /** Status and reason once the commands have been run and the user was reconciled. */
  readonly ends: string;
  /** What else has to be true then. */
  readonly check?: (stage: Stage, member: Member) => Promise<unknown>;
}

export async function openStage(pds: OpenedPds): Promise<Stage> {
  const world = await platform({ pds });
  const engine = world.engine(SETTINGS);
  await engine.prepare();
  // A creation without an outcome is given up at once.
  const settings = { ...engine.settings, settleMs: 0 };
  const impatient = { ...engine, settings, reconcile: { ...engine.reconcile, settings } };
  return { world, engine: impatient, pds, run: await lineRunner(world, SETTINGS) };
}

/** A user with documents and an account. */
export async function whole(stage: Stage, name = 'alice'): Promise<Member> {
  const member = join(stage.world, name);
  await reconcile(stage, member);
  const account = await conditionOf(stage.engine, member, 'account');
  if (account?.reason !== 'AccountActive') throw new Error(`${member.user}: ${account?.message}`);
  return member;
}

export async function reconcile({ engine }: Stage, member: Member): Promise<void> {
  await reconcileUser(engine.reconcile, member);
}

/** Reconciles until a resource has this reason, which a few attempts may have to go before. */
export async function reconcileUntil(
  stage: Stage,
  member: Member,
  type: Condition['type'],
  reason: string,
): Promise<void> {
  for (let attempt = 0; attempt < 10; attempt += 1) {
    await reconcile(stage, member);
    if ((await conditionOf(stage.engine, member, type))?.reason === reason) return;
  }
}

/** Looks at everyone, and lists the PDS's inactive accounts. */
export async function sweepOnce({ engine: { sweep: deps, tenants } }: Stage): Promise<void> {
  for (const tenant of tenants) await sweep(deps, tenant);
}

/** As a person or a program writes to the users document. */
export function write({ world }: Stage, { user }: Pick<Member, 'user'>, update: object): Promise<unknown> {
  return world.db.collection<{ _id: string }>('users').updateOne({ _id: user }, update, { upsert: true });
}

export function remove({ world }: Stage, { user }: Member, collection: string): Promise<unknown> {
  return world.db.collection<{ _id: string }>(collection).deleteOne({ _id: user });
}

export async function didOf({ world }: Stage, member: Member): Promise<Did> {
  const did = (await storedMember(world, member))?.atproto?.did;
  if (did === undefined) throw new Error(`${member.user} has no account`);
  return did;
}

/** An account that Concord did not make. */
export async function unowned(
  { pds }: Stage,
  changes: Partial<Person> = {},
): Promise<Person & { readonly did: Did }> {
  const who = { ...person('bob'), ...changes };
  const did = parseDid(await createAccount(pds, who));
  if (did === undefined) throw new Error('The PDS gave no DID.');
  return { ...who, did };
}

/** What somebody with the administrator's password does on the PDS. */
export async function onPds({ pds }: Stage, method: string, input: object): Promise<void> {
  const headers = { ...asAdmin(pds), ...unlimited(pds) };
  const answer = await xrpc(pds.url, `com.atproto.admin.${method}`, { input: { ...input }, headers });
  if (answer.status !== 200) throw new Error(`${method}: ${JSON.stringify(answer.body)}`);
}

export function subjectOf(did: string): object {
  return { $type: 'com.atproto.admin.defs#repoRef', did };
}

/** As an identity provider tells Auth0: the new address is verified, and another user may have it as well. */
export async function changeAddress(
  { world }: Pick<Stage, 'world'>,
  { userId }: Member,
  email = newAddress(),
): Promise<void> {
  const user = world.auth0.user(userId);
  if (user === undefined) throw new Error(`Auth0 has no user ${userId}`);
  world.auth0.addUser({ ...user, email, email_verified: true });
}

/** As an attribute mapping makes it; the stand-in for Auth0 answers with it to every read of the user. */
export async function withOddField(
  stage: Stage,
  member: Member,
  values: Readonly<Record<string, unknown>>,
): Promise<Member> {
  stage.world.auth0.oddFields.add(member.userId, values);
  await reconcile(stage, member);
  return member;
}

export async function correctFields({ world }: Stage): Promise<void> {
  world.auth0.oddFields.clear();
}

export function newAddress(domain = 'example.com'): string {
  return `new-${randomBytes(6).toString('hex')}@${domain}`;
}
