/** The state of both users of a transfer, read again: Auth0 by id, the log, the documents and the accounts. */
import type { ConcordEvent } from '../../../events/event.ts';
import type { Facts } from '../../../events/facts.ts';
import { fold } from '../../../events/fold.ts';
import type { Auth0UserId, Did, TenantId, UserKey } from '../../../identity.ts';
import type { AccountReader, DidDirectory, PdsAccount } from '../../../ports/accounts.ts';
import type { Auth0User, Directory } from '../../../ports/auth0.ts';
import type { DocumentReader, Documents } from '../../../ports/documents.ts';
import type { EventReader } from '../../../ports/event-log.ts';
import { notAUser } from '../../intake/owner.ts';

/** One of the two users. */
export interface Party {
  readonly user: UserKey;
  readonly userId: Auth0UserId;
  readonly tenant: { readonly id: TenantId; readonly directory: Pick<Directory, 'user' | 'usersByIdentity'> };
}

export interface SidesDeps {
  readonly events: Pick<EventReader, 'ofUser'>;
  readonly documents: Pick<DocumentReader, 'read' | 'findUsers'>;
  readonly accounts: Pick<AccountReader, 'account'>;
  readonly dids: DidDirectory;
  readonly handleDomain: () => Promise<string>;
}

export interface Side {
  readonly party: Party;
  readonly history: readonly ConcordEvent[];
  readonly facts: Facts;
  readonly auth0: Auth0User | 'absent';
  /** Auth0 does not have the user, and neither does its search, which lags. Read where nothing else confirms a deletion. */
  readonly isUnfound: boolean;
  readonly documents: Documents;
  /** The account that the document, or else the log, names. */
  readonly did: Did | undefined;
  readonly account: PdsAccount | 'missing' | undefined;
  /** The PDS that an inactive account moved to. */
  readonly movedTo: string | undefined;
  /** Other users whose documents name it. */
  readonly otherOwners: readonly UserKey[];
}

export interface Sides {
  readonly from: Side;
  readonly to: Side;
  readonly domain: string;
}

/**
 * Throws UpstreamError when anything cannot be read: an unread state proves nothing. Throws UsageError NOT_A_USER
 * for an id that Auth0 calls invalid.
 */
export async function readSides(deps: SidesDeps, from: Party, to: Party): Promise<Sides> {
  const [first, second, domain] = await Promise.all([
    readSide(deps, from),
    readSide(deps, to),
    deps.handleDomain(),
  ]);
  return { from: first, to: second, domain };
}

async function readSide({ events, documents, accounts, dids }: SidesDeps, party: Party): Promise<Side> {
  const { user, userId, tenant } = party;
  const [history, auth0, read] = await Promise.all([
    events.ofUser(user),
    tenant.directory.user(userId),
    documents.read([user]),
  ]);
  const found = read.get(user);
  if (auth0 === 'invalid') throw notAUser(user);
  if (found === undefined) throw new Error('the documents of a user were asked for and not answered');
  const facts = fold(history);
  const isConfirmed = facts.deletionHintAt !== undefined || facts.unlistedSince !== undefined;
  const isUnfound = auth0 === 'absent' && !isConfirmed && (await isNotInSearch(party));
  const did = found.user?.account?.did ?? facts.account?.did ?? facts.sights.record ?? facts.sights.account;
  const [account, owners] =
    did === undefined
      ? [undefined, []]
      : await Promise.all([accounts.account(did), documents.findUsers({ did })]);
  const isInactive = account === 'missing' || (account !== undefined && account.state === 'deactivated');
  const location = did === undefined || !isInactive ? undefined : await dids.serviceOf(did);
  const movedTo = location?.type === 'elsewhere' ? location.origin : undefined;
  const otherOwners = owners.filter((owner) => owner !== user);
  return { party, history, facts, auth0, isUnfound, documents: found, did, account, movedTo, otherOwners };
}

/** The search also finds users that this one is linked into, by its id. */
async function isNotInSearch({ userId, tenant }: Party): Promise<boolean> {
  const found = await tenant.directory.usersByIdentity(userId);
  return found.every((one) => one.userId !== userId);
}
