/**
 * All that is stored about one person, for an access request: the data in Auth0 and the PDS, every MongoDB document that
 * is the user's or names only this user, and where the documents of other users name this one. Reads only.
 *
 * Auth0 and the PDS are read first and must answer: an export with a part missing would look complete.
 */
import { UsageError } from '../../errors.ts';
import { addressesIn } from '../../events/blank.ts';
import type { Facts } from '../../events/facts.ts';
import { fold } from '../../events/fold.ts';
import { type Auth0UserId, type Did, type TenantId, type UserKey, userKey } from '../../identity.ts';
import type { AccountReader, PdsAccount } from '../../ports/accounts.ts';
import type { Auth0User, Directory } from '../../ports/auth0.ts';
import type { DocumentReader } from '../../ports/documents.ts';
import type { EventReader } from '../../ports/event-log.ts';
import type { MentionedIn, Person, PersonRecords } from '../../ports/person-records.ts';
import type { SubjectReader } from '../../ports/subjects.ts';
import { accountsOf } from './accounts-of.ts';
import { withoutSecrets } from './without-secrets.ts';

export interface ExportDeps {
  readonly events: Pick<EventReader, 'ofUser'>;
  readonly documents: Pick<DocumentReader, 'read'>;
  readonly subjects: Pick<SubjectReader, 'get' | 'holdersOfDid'>;
  readonly accounts: Pick<AccountReader, 'account' | 'holderOf'>;
  readonly records: PersonRecords;
}

export interface ExportedTenant {
  readonly id: TenantId;
  readonly keyPrefix: string;
  readonly directory: Pick<Directory, 'user'>;
}

/** Another user who may be the same person, and is exported with a command of its own. */
export interface RelatedUser {
  readonly user: UserKey;
  readonly why: 'linked-tenant' | 'linked-identity';
}

export interface UserExport {
  readonly user: UserKey;
  readonly userId: Auth0UserId;
  readonly tenant: TenantId;
  readonly state: 'in-auth0' | 'deleted' | 'forgotten';
  /** From Auth0 now, as far as Concord reads it; null once the user is deleted. */
  readonly auth0: Auth0User | null;
  readonly accounts: readonly (PdsAccount | { readonly did: Did; readonly state: 'missing' })[];
  readonly relatedUsers: readonly RelatedUser[];
  /** Each collection's documents, without secrets; read them in this order and to the end. */
  readonly collections: readonly { readonly name: string; readonly documents: AsyncIterable<unknown> }[];
  /** Where documents of other users name this one; complete once all collections have been read. */
  readonly mentions: readonly MentionedIn[];
}

/** Throws UsageError NOTHING_KNOWN for a mistyped id, which Auth0 does not have either. */
export async function exportUser(
  deps: ExportDeps,
  { id, keyPrefix, directory }: ExportedTenant,
  { user, userId }: { readonly user: UserKey; readonly userId: Auth0UserId },
): Promise<UserExport> {
  const answer = await directory.user(userId);
  // Auth0 has nothing under an id that is not a user's.
  const auth0 = answer === 'absent' || answer === 'invalid' ? null : answer;
  const { facts, addresses } = await readLog(deps, user);
  const subject = await deps.subjects.get(user);
  const accounts = await readAccounts(deps, user, facts);
  const known = [auth0?.email, subject?.email, subject?.accountEmail, ...accounts.flatMap(addressOf)];
  for (const address of known) if (address !== undefined) addresses.add(address.toLowerCase());
  const dids = accounts.map(({ did }) => did);
  const who: Person = { ...{ user, userId, tenant: id, dids }, addresses: [...addresses] };
  if (auth0 === null && !(await deps.records.knows(who)))
    throw new UsageError('Nothing is known of this user, so there is nothing to export.', 'NOTHING_KNOWN');
  const mentions: MentionedIn[] = [];
  return {
    ...{ user, userId, tenant: id, auth0, accounts, mentions },
    state: facts.forgotten ? 'forgotten' : auth0 === null ? 'deleted' : 'in-auth0',
    relatedUsers: [
      ...(subject?.sister === undefined ? [] : [{ user: subject.sister, why: 'linked-tenant' as const }]),
      ...(auth0?.linked ?? facts.auth0?.linked ?? []).map((linked) => ({
        ...{ user: userKey(keyPrefix, linked), why: 'linked-identity' as const },
      })),
    ],
    collections: deps.records.collections.map((name) => ({
      name,
      documents: documentsIn(deps.records, name, who, mentions),
    })),
  };
}

async function* documentsIn(
  records: PersonRecords,
  collection: string,
  who: Person,
  mentions: MentionedIn[],
): AsyncIterable<unknown> {
  for await (const record of records.read(collection, who)) {
    if (record.type === 'mention') mentions.push(record.mention);
    else yield withoutSecrets(record.document);
  }
}

async function readLog({ events }: ExportDeps, user: UserKey) {
  const decisive = await events.ofUser(user);
  return { facts: fold(decisive), addresses: new Set(addressesIn(decisive)) };
}

/** An account that another user has by now belongs in that user's export. */
async function readAccounts(
  { documents, subjects, accounts }: ExportDeps,
  user: UserKey,
  facts: Facts,
): Promise<UserExport['accounts']> {
  const recorded = (await documents.read([user])).get(user)?.user?.account?.did;
  const found: UserExport['accounts'][number][] = [];
  for (const did of await accountsOf(accounts, facts, recorded)) {
    const holders = await subjects.holdersOfDid(did);
    if (did !== recorded && holders.length > 0 && !holders.includes(user)) continue;
    const account = await accounts.account(did);
    found.push(account === 'missing' ? { did, state: 'missing' } : account);
  }
  return found;
}

function addressOf(account: UserExport['accounts'][number]): readonly string[] {
  return 'email' in account && account.email !== undefined ? [account.email] : [];
}
