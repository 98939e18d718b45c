/**
 * The evidence for and against an account being a user's. A handle or an address alone proves nothing, so a person sees
 * the evidence and decides. Needs only readers.
 */
import { UsageError } from '../../errors.ts';
import type { Decided } from '../../events/data/decisions.ts';
import { fold } from '../../events/fold.ts';
import { type Did, parseAccountHandle, parseDid } from '../../identity.ts';
import type { PdsAccount } from '../../ports/accounts.ts';
import type { SubjectReader } from '../../ports/subjects.ts';
import { type DecideDeps, decide } from '../intake/decision.ts';
import type { Owned } from '../intake/owner.ts';
import { type DryRun, dryRun } from '../reconcile/dry-run.ts';
import type { AssessDeps, AssessedTenant } from '../reconcile/read-side.ts';
import { refuseUnwanted } from './unwanted.ts';

export interface AdoptionDeps extends AssessDeps {
  readonly subjects: AssessDeps['subjects'] & Pick<SubjectReader, 'holdersOfDid'>;
}

export interface Evidence {
  readonly says: 'for' | 'against';
  readonly what: string;
}

export interface Proposal {
  readonly account: PdsAccount;
  readonly evidence: readonly Evidence[];
  /** The reason of the user's account condition now. */
  readonly reason: string;
  /** The document's password for the account stays: `kept`. Where there is none, a new one is set: `new`. */
  readonly password: AdoptedPassword;
}

export type AdoptedPassword = 'kept' | 'new';

/** What an adoption does to the password of the account, as a sentence. */
export function passwordSentence(password: AdoptedPassword): string {
  return password === 'kept'
    ? 'The account keeps the password that is stored in the users document; one login tests it.'
    : 'The account gets a new password, which replaces the one it has on the PDS.';
}

/**
 * The account that is named by DID or handle; without one, the account that the document names or that has the user's
 * handle. All read now. Throws UsageError USER_FORGOTTEN, USER_DELETED or USER_BLOCKED, ACCOUNT_UNKNOWN where there is
 * none, ACCOUNT_OF_ANOTHER where it is another user's, HAS_ACCOUNT where the user has one, and ACCOUNT_MIGRATED where
 * it moved to another PDS; UpstreamError where evidence cannot be read.
 */
export async function proposeAdoption(
  deps: AdoptionDeps,
  { user, userId, tenant }: Owned<AssessedTenant>,
  named: string | undefined,
  now: Date,
): Promise<Proposal> {
  const found = await dryRun(deps, tenant, user, userId, now);
  refuseUnwanted(user, found.facts, 'adopted');
  const [failure] = found.view.failures;
  // Without an answer of the PDS there is no evidence; that does not mean that there is none.
  if (failure !== undefined) throw failure.error;
  const did = named === undefined ? await guessDid(deps, user, found) : await didOf(deps, named);
  // A document may have lost the account that the log, and so the read model, still has for its user.
  const holders = [...(await deps.documents.findUsers({ did })), ...(await deps.subjects.holdersOfDid(did))];
  const owners = [...new Set(holders)].filter((owner) => owner !== user);
  if (owners.length > 0)
    throw new UsageError(`${did} is the account of ${owners.join(', ')}.`, 'ACCOUNT_OF_ANOTHER');
  refuseIfOwned(user, did, found);
  const account = await deps.accounts.account(did);
  if (account === 'missing') throw new UsageError(`The PDS has no account ${did}.`, 'ACCOUNT_UNKNOWN');
  if (account.state === 'deactivated') await refuseIfMoved(deps, did);
  const reason = found.view.conditions.find(({ type }) => type === 'account')?.reason ?? '';
  return { account, reason, evidence: weigh(found, account), password: passwordIn(found, did) };
}

/** As the next reconciliation decides it. */
function passwordIn({ view }: DryRun, did: Did): AdoptedPassword {
  const recorded = view.documents?.user?.account;
  return recorded?.did === did && recorded.hasPassword ? 'kept' : 'new';
}

async function didOf({ accounts }: AdoptionDeps, named: string): Promise<Did> {
  const did = parseDid(named);
  if (did !== undefined) return did;
  const handle = parseAccountHandle(named.replace(/^@/, ''));
  const holder = handle === undefined ? undefined : await accounts.holderOf(handle);
  if (holder?.type === 'account') return holder.did;
  throw new UsageError(`No account is known as ${named}. Give a DID or a full handle.`, 'ACCOUNT_UNKNOWN');
}

async function guessDid({ accounts }: AdoptionDeps, user: string, { facts, view }: DryRun): Promise<Did> {
  if (facts.account !== undefined) throw hasAccount(user, facts.account.did);
  const recorded = view.documents?.user?.account?.did;
  if (recorded !== undefined) return recorded;
  const { preferred } = view.desired.handle;
  const holder = preferred === undefined ? undefined : await accounts.holderOf(preferred);
  if (holder?.type === 'account') return holder.did;
  throw new UsageError(
    "No account carries this user's handle. Name one: concord adopt <user> <did>",
    'ACCOUNT_UNKNOWN',
  );
}

/** A grant beside an account would take effect on the day that the account is missing, unexpectedly. */
function refuseIfOwned(user: string, did: Did, { facts, view }: DryRun): void {
  const recorded = view.documents?.user?.account;
  const linked = recorded?.did ?? facts.account?.did;
  const isWhole = facts.account?.did === did && recorded?.did === did && recorded.hasPassword;
  if (linked !== undefined && (linked !== did || isWhole)) throw hasAccount(user, linked);
}

async function refuseIfMoved({ dids }: AdoptionDeps, did: Did): Promise<void> {
  const location = await dids.serviceOf(did);
  if (location.type !== 'elsewhere') return;
  const message = `The account ${did} moved to ${location.origin}, so it cannot be adopted here.`;
  throw new UsageError(message, 'ACCOUNT_MIGRATED');
}

function hasAccount(user: string, did: Did): UsageError {
  return new UsageError(`${user} has the account ${did} already.`, 'HAS_ACCOUNT');
}

function weigh({ facts, view }: DryRun, account: PdsAccount): Evidence[] {
  const weighed = (holds: boolean, yes: string, no: string): Evidence =>
    holds ? { says: 'for', what: yes } : { says: 'against', what: no };
  const address = facts.auth0?.email?.toLowerCase();
  const sameAddress = address !== undefined && account.email?.toLowerCase() === address;
  return [
    weighed(
      view.documents?.user?.account?.did === account.did,
      'the users document names it',
      'the users document does not name it',
    ),
    weighed(sameAddress, 'it has the address of the user', 'it has another address'),
    weighed(
      facts.auth0?.emailVerified === true,
      'the user has verified that address',
      'the user has not verified an address',
    ),
    weighed(
      view.desired.handle.preferred === account.handle,
      'it carries the handle of the user',
      'it does not carry the handle of the user',
    ),
    weighed(account.state === 'active', 'it is active', `it is ${account.state}`),
    { says: 'against', what: 'Concord has no intent on record for it' },
  ];
}

/**
 * A person confirms that this account is the user's. The evidence is read again, since it may have changed meanwhile,
 * and is stored with the grant; refusals are those of `proposeAdoption`. A second confirmation before the next
 * reconciliation adds an event without effect; after it the user has the account.
 */
export async function grantAdoption(
  deps: AdoptionDeps & DecideDeps,
  owned: Owned<AssessedTenant>,
  did: Did,
  decided: Decided,
): Promise<Proposal> {
  const proposal = await proposeAdoption(deps, owned, did, deps.clock.now());
  await recordAdoption(deps, owned, proposal, decided);
  return proposal;
}

/** For a proposal of this moment. */
export async function recordAdoption(
  deps: DecideDeps,
  { user, userId, tenant }: Owned<AssessedTenant>,
  { account: { did }, evidence }: Proposal,
  decided: Decided,
): Promise<void> {
  const shown = evidence.map(({ says, what }) => `${says}: ${what}`);
  const data = { did, evidence: shown, ...decided };
  await decide(deps, { user, userId, tenant: tenant.id }, 'adoption.granted', data);
}

/** A person withdraws a grant that is not applied yet. Throws UsageError NO_ADOPTION where there is none. */
export async function withdrawAdoption(
  deps: DecideDeps,
  { user, userId, tenant }: Owned<Pick<AssessedTenant, 'id'>>,
  decided: Decided,
): Promise<Did> {
  const { adoption } = fold(await deps.log.ofUser(user));
  if (adoption === undefined)
    throw new UsageError(`No adoption of ${user} waits for a reconciliation.`, 'NO_ADOPTION');
  const { did } = adoption;
  await decide(deps, { user, userId, tenant: tenant.id }, 'adoption.withdrawn', { did, ...decided });
  return did;
}
