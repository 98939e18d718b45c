/**
 * The evidence for and against an account being a user's. A handle or an address alone proves nothing, so a person sees
 * the evidence and decides. Reads only.
 */
import { UsageError } from '../../errors.ts';
import { type Did, parseAccountHandle, parseDid } from '../../identity.ts';
import type { PdsAccount } from '../../ports/accounts.ts';
import type { AdoptedPassword, Adopter, AdoptionReaders, Evidence, Proposal } from '../adoption.ts';

/**
 * The account that is named by DID or handle; without one, the account that the document names or that has the user's
 * handle. Throws UsageError ACCOUNT_UNKNOWN where there is none, ACCOUNT_OF_ANOTHER where it is another user's, HAS_ACCOUNT
 * where the user has one, and ACCOUNT_MIGRATED where it moved to another PDS; UpstreamError where evidence cannot be read.
 */
export async function proposeAdoption(
  readers: AdoptionReaders,
  who: Adopter,
  named: string | undefined,
): Promise<Proposal> {
  const did = named === undefined ? await guessDid(readers, who) : await didOf(readers, named);
  // A document may have lost the account that the log, and so the read model, still has for its user.
  const holders = [
    ...(await readers.documents.findUsers({ did })),
    ...(await readers.subjects.holdersOfDid(did)),
  ];
  const owners = [...new Set(holders)].filter((owner) => owner !== who.user);
  if (owners.length > 0)
    throw new UsageError(`${did} is the account of ${owners.join(', ')}.`, 'ACCOUNT_OF_ANOTHER');
  refuseIfOwned(did, who);
  const account = await readers.accounts.account(did);
  if (account === 'missing') throw new UsageError(`The PDS has no account ${did}.`, 'ACCOUNT_UNKNOWN');
  if (account.state === 'deactivated') await refuseIfMoved(readers, did);
  const reason = who.view.conditions.find(({ type }) => type === 'account')?.reason ?? '';
  return { account, reason, evidence: weigh(who, account), password: passwordIn(who, did) };
}

/** As the next reconciliation decides it. */
function passwordIn({ view }: Adopter, did: Did): AdoptedPassword {
  const recorded = view.documents?.user?.account;
  return recorded?.did === did && recorded.hasPassword ? 'kept' : 'new';
}

async function didOf({ accounts }: AdoptionReaders, named: string): Promise<Did> {
  const did = parseDid(named);
  if (did !== undefined) return did;
  const handle = parseAccountHandle(named.replace(/^@/, ''));
  const holder = handle === undefined ? undefined : await accounts.holderOf(handle);
  if (holder?.type === 'account') return holder.did;
  throw new UsageError(`No account is known as ${named}. Give a DID or a full handle.`, 'ACCOUNT_UNKNOWN');
}

async function guessDid({ accounts }: AdoptionReaders, { user, facts, view }: Adopter): Promise<Did> {
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
function refuseIfOwned(did: Did, { user, facts, view }: Adopter): void {
  const recorded = view.documents?.user?.account;
  const linked = recorded?.did ?? facts.account?.did;
  const isWhole = facts.account?.did === did && recorded?.did === did && recorded.hasPassword;
  if (linked !== undefined && (linked !== did || isWhole)) throw hasAccount(user, linked);
}

async function refuseIfMoved({ dids }: AdoptionReaders, did: Did): Promise<void> {
  const location = await dids.serviceOf(did);
  if (location.type !== 'elsewhere') return;
  const message = `The account ${did} moved to ${location.origin}, so it cannot be adopted here.`;
  throw new UsageError(message, 'ACCOUNT_MIGRATED');
}

function hasAccount(user: string, did: Did): UsageError {
  return new UsageError(`${user} has the account ${did} already.`, 'HAS_ACCOUNT');
}

function weigh({ facts, view }: Adopter, account: PdsAccount): Evidence[] {
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
