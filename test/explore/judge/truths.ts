/** Whether what the conditions of a user say is so: the oracle where there is no run to compare with. */

import { subjectView } from '../../../src/engine/reconcile/subject-view.ts';
import type { Facts } from '../../../src/events/facts.ts';
import type { Auth0User } from '../../../src/ports/auth0.ts';
import type { Person } from '../../mongo/subjects/people.ts';
import type { StoredAccount } from '../../support/in-memory/accounts.ts';
import type { StoredUser } from '../../support/in-memory/documents.ts';
import type { World } from '../model/world.ts';
import type { Run } from '../search/run.ts';
import { Rivals } from './rivals.ts';
import { type Grant, grantsTo, openGrants, replacedBy } from './transfers.ts';

/** How a user stands. */
interface Truth {
  readonly world: World;
  readonly who: Person;
  readonly people: readonly Person[];
  readonly facts: Facts;
  readonly user: Auth0User | undefined;
  readonly document: StoredUser | undefined;
  readonly count: number | undefined;
  /** The account that the document names, or else the log, or that was seen before. */
  readonly account: StoredAccount | undefined;
  /** It moved to another PDS, as its DID says. */
  readonly hasMoved: boolean;
  /** One that a process of ours made for this user, and that the log does not tell of. */
  readonly isUntold: boolean;
}

type Condition = Facts['conditions'][number];
type Claim = (truth: Truth, condition: Condition) => boolean;

/** Conditions that wait for a decision about what was removed. */
const REMOVALS = new Set(['DocumentRemoved', 'AccountMissing']);
/** Held conditions that a command of ours resolves, which has to be named. */
const NAMES_A_COMMAND = new Set([
  ...REMOVALS,
  ...['CodeHeldByUser', 'CodeDiffers'],
  ...['EmailHeldByUser', 'EmailHeldByDeletedUser', 'HandleHeldByDeletedUser', 'EmailTaken', 'EmailParked'],
]);

const gone: Claim = ({ user }) => user === undefined;
const blocked: Claim = ({ user }) => user?.blocked === true;
const noAccount: Claim = ({ account, isUntold }) => account?.status !== 'active' && !isUntold;
const carriesCode: Claim = ({ account, document, facts }) =>
  [document?.code, facts.code].some((code) => account?.handle === `${code?.toLowerCase()}.at.test`);

/** The directory of DIDs could not be asked, and the condition says so. */
const isUnlocated = ({ message }: Condition): boolean => message.includes('could not be asked');

const REMOVED: Readonly<Record<string, Claim>> = {
  verification: ({ count }) => count === undefined,
  'user-document': ({ document }) => document === undefined,
  account: ({ document }) => document?.account === undefined,
};

/** By the type and the reason, or by the reason alone. What is not listed claims nothing that can be looked up. */
const CLAIMS: Readonly<Record<string, Claim>> = {
  UserKnown: ({ user }) => user !== undefined,
  UserGone: gone,
  UserGoneOnce: gone,
  UserBlocked: blocked,
  FieldUnusable: ({ user }) => user?.unusable !== undefined,
  NoEmail: ({ user }) => user?.email === undefined,
  WaitingForEmailVerification: ({ user }) => user?.emailVerified === false,
  Recorded: ({ count, user }) => count !== undefined && (count > 0 || user?.emailVerified !== true),
  'verification NotRecorded': ({ count, user }) =>
    count === undefined || (count === 0 && user?.emailVerified === true),
  NoDocument: ({ document }) => document === undefined,
  NoCode: ({ document }) => document !== undefined && document.code === undefined,
  HasCode: ({ document }, { message }) =>
    document?.code !== undefined && message.includes(` ${document.code}.`),
  CodeDiffers: ({ document, facts }) => document?.code !== undefined && document.code !== facts.code,
  CodeHeldByUser: ({ world, who, facts }) =>
    [...world.documents.users].some(([user, { code }]) => user !== who.user && code === facts.code),
  AccountActive: ({ account, document }) => account?.status === 'active' && document?.account !== undefined,
  AccountMissing: ({ account, hasMoved }, condition) =>
    account === undefined && (!hasMoved || isUnlocated(condition)),
  AccountDeactivated: ({ account, hasMoved }, condition) =>
    account?.status === 'deactivated' && (!hasMoved || isUnlocated(condition)),
  AccountMigrated: ({ account, hasMoved }) => hasMoved && account?.status !== 'active',
  DocumentRemoved: (truth, condition) => REMOVED[condition.type]?.(truth, condition) ?? true,
  WaitingForDecision: ({ facts }) => facts.conditions.some(({ reason }) => REMOVALS.has(reason)),
  TransferPending: (truth) => inTransfer(truth) !== undefined,
  AccountReplaced: ({ account, world, who }) =>
    replacedBy(world, [who]).some((did) => did !== account?.did && world.accounts.stored.has(did)),
  HandleReleased: (truth) => {
    const name = inTransfer(truth)?.granted.handle;
    return name !== undefined && truth.world.documents.handles.get(truth.who.user) !== name;
  },
  CodeReleased: (truth) => {
    const code = inTransfer(truth)?.granted.code;
    return code !== undefined && truth.document?.code !== code;
  },
  AccountTransferred: ({ document, world, who }) =>
    document?.account === undefined &&
    [...world.documents.users.keys()].some((user) =>
      grantsTo(world, user).some(({ from, granted }) => from === who.user && granted.account !== undefined),
    ),
  NotManaged: (truth) => truth.account !== undefined || truth.hasMoved || inTransfer(truth) !== undefined,
  'handle NoAccount': noAccount,
  'email NoAccount': noAccount,
  EmailSet: ({ account, user }) =>
    user?.email === undefined ||
    account?.email?.replace(/\+(main|second)@/, '@') === user.email.toLowerCase(),
  PlatformHandle: ({ account, world, facts }) => {
    const name = facts.platformHandle ?? facts.sister?.handle;
    return account?.handle === `${name?.replaceAll(/[._]/g, '-')}.at.test` && world !== undefined;
  },
  NoPlatformHandle: (truth, condition) =>
    truth.world.documents.handles.get(truth.who.user) === undefined && carriesCode(truth, condition),
};

/** The transfer that this user is part of, as long as it is open. */
function inTransfer({ world, who: { user }, people }: Truth): Grant | undefined {
  return openGrants(world, people).find(({ from, to }) => from === user || to === user);
}

function truthOf(run: Run, who: Person): Truth {
  const { world, watch, scenario } = run;
  const { people } = scenario;
  const { documents, accounts } = world;
  const facts = world.factsOf(who.user);
  const document = documents.users.get(who.user);
  const known = watch.knownOf(who.user).did;
  // One that another user has taken is not this user's, whatever was known before.
  const isOwn = known !== undefined && (watch.made.get(known) ?? who.user) === who.user;
  const did = document?.account?.did ?? facts.account?.did ?? (isOwn ? known : undefined);
  const replaced = replacedBy(world, [who]);
  const isUntold = [...watch.made].some(
    ([made, user]) =>
      user === who.user &&
      accounts.stored.has(made) &&
      made !== facts.account?.did &&
      !replaced.includes(made),
  );
  const count = documents.verifications.get(who.user);
  const account = did === undefined ? undefined : accounts.stored.get(did);
  const hasMoved = did !== undefined && accounts.movedDids.has(did);
  return { world, who, people, facts, user: world.userOf(who), document, count, account, hasMoved, isUntold };
}

/** What is said and is not so. */
export function untrue(run: Run, who: Person): string[] {
  const truth = truthOf(run, who);
  const { facts, user } = truth;
  if (facts.forgotten) return [];
  const flaws: string[] = [];
  for (const condition of facts.conditions) {
    const { type, status, reason, message, held } = condition;
    if (status === 'Unknown') continue;
    const claim = CLAIMS[`${type} ${reason}`] ?? CLAIMS[reason];
    if (claim !== undefined && !claim(truth, condition)) flaws.push(`untrue: ${type} ${reason}`);
    if (message.includes('has no account') && !noAccount(truth, condition))
      flaws.push('W11: it is said that there is no account, and there is one');
    if (held && NAMES_A_COMMAND.has(reason) && !message.includes('concord '))
      flaws.push(`no command: ${type} ${reason} is held and names none`);
  }
  const { health } = subjectView(facts);
  if (user === undefined && facts.conditions.length > 0 && health === 'Healthy')
    flaws.push('untrue: a deleted user is healthy');
  return flaws;
}

/** What has to be so at the end for each user, whatever happened, unless a person is asked. */
export function untruths(run: Run, who: Person): string[] {
  const { facts, user, document, account, hasMoved } = truthOf(run, who);
  const isHeld = facts.conditions.some(({ held }) => held);
  const flaws: string[] = [];
  const check = (isSo: boolean, flaw: string): void => {
    if (!isSo) flaws.push(`in the end ${flaw}`);
  };
  const isWanted = user !== undefined && !user.blocked;
  // A code that is being transferred waits for the user to be verified.
  const isGettingCode = grantsTo(run.world, who.user).some(({ untaken }) => untaken.has('code'));
  if (isWanted && !isHeld && !isGettingCode) check(document?.code !== undefined, 'there is no code');
  const wanted = isWanted && user.emailVerified && user.email !== undefined;
  if (wanted && !isHeld)
    check(account?.status === 'active' || hasMoved, 'there is no active account, and nobody is asked');
  const isPaused = facts.conditions.some(({ type }) => type === 'pause');
  const isLeft = facts.conditions.some(({ type, reason }) => type === 'handle' && reason === 'NotManaged');
  if (isWanted && !isHeld && !isPaused && account?.status === 'active' && !hasMoved)
    check(!isLeft, 'W13: the handle of an account in use is left as it is');
  if (wanted && !new Rivals(run).isAsked(who) && !isPaused && account?.status === 'active')
    check(
      account.email?.replace(/\+(main|second)@/, '@') === user.email?.toLowerCase(),
      'the account has another address, and nobody is asked',
    );
  if (user?.blocked === true && run.world.settings.policy.blocked === 'deactivate')
    check(account?.status !== 'active', 'the account of a blocked user is active');
  return [...flaws, ...untrue(run, who)];
}
