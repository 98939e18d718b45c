/** What is known of both users of a transfer, read anew: Auth0 by id, the log, the documents and the accounts. */
import type { ConcordEvent } from '../../events/event.ts';
import { type Facts, fold } from '../../events/fold.ts';
import type { Auth0UserId, Did, TenantId, UserKey } from '../../identity.ts';
import type {
  AccountReader,
  Auth0User,
  Directory,
  DocumentReader,
  Documents,
  EventReader,
  PdsAccount,
} from '../../ports.ts';

/** One of the two users. */
export interface Party {
  readonly user: UserKey;
  readonly userId: Auth0UserId;
  readonly tenant: { readonly id: TenantId; readonly directory: Pick<Directory, 'user'> };
}

export interface SidesDeps {
  readonly events: Pick<EventReader, 'ofUser'>;
  readonly documents: Pick<DocumentReader, 'read' | 'findUsers'>;
  readonly accounts: Pick<AccountReader, 'account'>;
  readonly handleDomain: () => Promise<string>;
}

export interface Side {
  readonly party: Party;
  readonly history: readonly ConcordEvent[];
  readonly facts: Facts;
  readonly auth0: Auth0User | 'absent';
  readonly documents: Documents;
  /** The account that the document, or else the log, names. */
  readonly did: Did | undefined;
  readonly account: PdsAccount | 'missing' | undefined;
  /** Other users whose documents name it. */
  readonly otherOwners: readonly UserKey[];
}

export interface Sides {
  readonly from: Side;
  readonly to: Side;
  readonly domain: string;
}

/** Throws UpstreamError when anything cannot be read: what could not be read proves nothing. */
export async function readSides(deps: SidesDeps, from: Party, to: Party): Promise<Sides> {
  const [first, second, domain] = await Promise.all([
    readSide(deps, from),
    readSide(deps, to),
    deps.handleDomain(),
  ]);
  return { from: first, to: second, domain };
}

async function readSide({ events, documents, accounts }: SidesDeps, party: Party): Promise<Side> {
  const { user, userId, tenant } = party;
  const [history, auth0, read] = await Promise.all([
    events.ofUser(user),
    tenant.directory.user(userId),
    documents.read([user]),
  ]);
  const found = read.get(user);
  if (found === undefined) throw new Error('the documents of a user were asked for and not answered');
  const facts = fold(history);
  const did = found.user?.account?.did ?? facts.account?.did ?? facts.sights.record ?? facts.sights.account;
  const [account, owners] =
    did === undefined
      ? [undefined, []]
      : await Promise.all([accounts.account(did), documents.findUsers({ did })]);
  const otherOwners = owners.filter((owner) => owner !== user);
  return { party, history, facts, auth0, documents: found, did, account, otherOwners };
}
