/** Reads the state of a user's account, and what prevents a new one. Reads only; the plan is in account.ts. */
import type { OpenIntent } from '../../events/facts.ts';
import { type AccountHandle, BLANKED_HANDLE, type Did, type TenantId, type UserKey } from '../../identity.ts';
import type { AccountReader, InactiveAccountReader, PdsAccount } from '../../ports/accounts.ts';
import type { People } from '../../ports/auth0.ts';
import type { Documents } from '../../ports/documents.ts';
import type { Claimant, SubjectReader } from '../../ports/subjects.ts';
import { codeHandle } from '../derived-names.ts';
import { isDeleted } from '../other-users.ts';
import { emailValue, handleValue, type LookUpTaken, type TakenBy, type TakenValues } from '../reservation.ts';
import { intentBehind, madeBy } from './account-planning.ts';
import type { ActualAccount, DesiredAccount, LateAccount, WantedAccount } from './account-state.ts';
import { type AddressHolder, type DesiredEmail, holdingUser, sameEmail } from './address.ts';
import { chainEnd, isParked } from './address-chain.ts';
import { lookUp, lookUpOwner, orReserved } from './handle.ts';
import { findHidden, type HiddenAccounts, hasListedSince } from './inactive-accounts.ts';

export interface ObserveDeps {
  readonly accounts: AccountReader;
  readonly inactive: InactiveAccountReader;
  readonly subjects: Pick<SubjectReader, 'holdersOfEmail' | 'holdersOfHandle' | 'holdersOfDid' | 'get'>;
  readonly people: People;
  readonly lookUpTaken: LookUpTaken;
}

/** The observed user. */
export interface Observed {
  readonly user: UserKey;
  readonly tenant: TenantId;
}

export async function observe(
  deps: ObserveDeps,
  who: Observed,
  wanted: DesiredAccount,
  documents: Documents,
): Promise<ActualAccount> {
  const { accounts } = deps;
  const { user } = documents;
  const recorded = user?.account;
  const code = user?.code;
  const oldAccount = user?.oldAccount;
  const nothing = onlyLinked(user, undefined, undefined);
  const linkedDid = linkedDidOf(wanted, recorded);
  const linked = linkedDid === undefined ? undefined : await accounts.account(linkedDid);
  const isPast = linked === 'missing' && recorded === undefined && wanted.sights.account !== linkedDid;
  const known = isPast ? nothing : { ...nothing, linked, linkedDid };
  const isSettled = linked !== undefined && linked !== 'missing' && madeBy(linked, wanted.intent);
  if (wanted.intent !== undefined && !isSettled)
    return { ...known, ...(await observeIntent(deps, who, wanted, wanted.intent)) };
  if (known.linkedDid !== undefined) {
    if (linked === undefined || linked === 'missing') return known;
    if (wanted.type === 'account' && wanted.email.withheld === undefined) {
      const isSame = sameEmail(linked, wanted.email.addresses);
      return isSame
        ? known
        : { ...known, ...(await observeAddresses(deps, who, wanted.email, known.linkedDid)) };
    }
    const { parked } = wanted;
    if (!isParked(linked, parked)) return known;
    return { ...known, ...(await observeNamed(deps, who, [parked.from], known.linkedDid)) };
  }
  const isToAdd = wanted.type === 'account' && wanted.email.withheld === undefined;
  if (isToAdd && wanted.adoption !== undefined) {
    return { ...nothing, adoptable: await accounts.account(wanted.adoption.did) };
  }
  const late = await lookForLate(accounts, wanted.givenUp);
  if (late !== undefined || !isToAdd || oldAccount !== undefined) return { ...nothing, late };
  return { ...nothing, ...(await observeForCreation(deps, who, wanted, code)) };
}

const NO_HOLDERS: ActualAccount['emailHolders'] = new Map();
const NO_SUCCESSORS: ActualAccount['successors'] = [];

/** The documents and the linked account, and nothing else seen. A sweep makes one for each user: so no spread. */
function onlyLinked(
  user: Documents['user'],
  linkedDid: Did | undefined,
  linked: ActualAccount['linked'],
): ActualAccount {
  return {
    recorded: user?.account,
    oldAccount: user?.oldAccount,
    linked,
    linkedDid,
    location: undefined,
    intended: undefined,
    late: undefined,
    preferred: undefined,
    adoptable: undefined,
    emailHolders: NO_HOLDERS,
    isInRing: false,
    codeHolder: undefined,
    listing: undefined,
    successors: NO_SUCCESSORS,
    code: user?.code,
  };
}

/** The account that the document names, or that the log knows of. */
function linkedDidOf(
  { loggedDid, sights }: Pick<DesiredAccount, 'loggedDid' | 'sights'>,
  recorded: ActualAccount['recorded'],
): Did | undefined {
  return recorded?.did ?? loggedDid ?? sights.record ?? sights.account;
}

/** The same as far as a batch shows it; the rest is left to the closer look. Undefined where the account cannot be read. */
export function observeInBatch(
  wanted: DesiredAccount,
  { user }: Documents,
  accounts: ReadonlyMap<string, PdsAccount | 'unreadable'>,
): ActualAccount | undefined {
  const linkedDid = linkedDidOf(wanted, user?.account);
  const linked = linkedDid === undefined ? undefined : (accounts.get(linkedDid) ?? 'missing');
  return linked === 'unreadable' ? undefined : onlyLinked(user, linkedDid, linked);
}

/** Who else has the addresses and the handles that a new account may get. */
async function observeForCreation(
  deps: ObserveDeps,
  who: Observed,
  { handle, email, creationFailedAt, ...wanted }: WantedAccount,
  code: ActualAccount['code'],
): Promise<Pick<ActualAccount, 'preferred' | 'emailHolders' | 'isInRing' | 'codeHolder' | 'listing'>> {
  const { preferred, domain } = handle;
  const ofCode = codeHandle(code, domain);
  const codeHandles = ofCode === undefined ? [] : [ofCode];
  const isToList = creationFailedAt !== undefined && !hasListedSince(creationFailedAt, wanted);
  // First, because the read model shows what was reserved before the reservation goes.
  const taken = await deps.lookUpTaken([
    ...email.addresses.map(emailValue),
    ...(preferred === undefined ? [] : [handleValue(preferred)]),
  ]);
  const [holder, { hidden, ...holders }, listing] = await Promise.all([
    preferred === undefined ? undefined : lookUpOwner(deps, who.user, preferred),
    holdersOf(deps, who, { emails: email.addresses, handles: codeHandles, taken }),
    isToList ? deps.inactive.listing() : undefined,
  ]);
  const codeHolder = ofCode === undefined ? undefined : hidden.get(ofCode);
  const preferredHolder =
    holder === undefined || preferred === undefined ? undefined : orReserved(holder, preferred, taken);
  return { preferred: preferredHolder, ...holders, codeHolder, listing };
}

/** The handle of the intent is where its account would be; a blank one is of a user who was forgotten. */
async function observeIntent(
  deps: ObserveDeps,
  { user }: Observed,
  wanted: DesiredAccount,
  { handle, at }: OpenIntent,
): Promise<Pick<ActualAccount, 'intended' | 'listing'>> {
  if (handle === BLANKED_HANDLE) return { intended: { type: 'nobody' }, listing: undefined };
  const intended = await lookUp(deps.accounts, handle);
  if (intended.type !== 'hidden') return { intended, listing: undefined };
  const account = (await findHidden(deps, user, [], [handle])).get(handle)?.account;
  if (account !== undefined) return { intended: { ...intended, account }, listing: undefined };
  return { intended, listing: hasListedSince(at, wanted) ? undefined : await deps.inactive.listing() };
}

/** The handles are where such an account would be; a blank one is of a person who was forgotten. */
async function lookForLate(
  accounts: AccountReader,
  givenUp: readonly OpenIntent[],
): Promise<LateAccount | undefined> {
  for (const handle of new Set(givenUp.map((intent) => intent.handle))) {
    const holder = handle === BLANKED_HANDLE ? undefined : await lookUp(accounts, handle);
    const account = holder?.type === 'account' ? holder.account : undefined;
    const intent = account && intentBehind(account, givenUp);
    if (account !== undefined && intent !== undefined) return { intent, account };
  }
  return undefined;
}

/** What an account that has another address than it should needs to know. */
async function observeAddresses(
  deps: ObserveDeps,
  who: Observed,
  { addresses, parked }: DesiredEmail,
  ownDid: Did,
): Promise<Pick<ActualAccount, 'emailHolders' | 'isInRing'>> {
  return observeNamed(deps, who, [...addresses, ...(parked === undefined ? [] : [parked.from])], ownDid);
}

async function observeNamed(
  deps: ObserveDeps,
  who: Observed,
  emails: readonly string[],
  ownDid: Did,
): Promise<Pick<ActualAccount, 'emailHolders' | 'isInRing'>> {
  const taken = await deps.lookUpTaken(emails.map(emailValue));
  const { hidden: _hidden, ...holders } = await holdersOf(deps, who, { emails, handles: [], taken, ownDid });
  return holders;
}

interface Asked {
  readonly emails: readonly string[];
  readonly handles: readonly AccountHandle[];
  readonly taken: TakenValues;
  readonly ownDid?: Did;
}

/**
 * Who else has these addresses or has reserved them, and where no user has, an account that the PDS does not show. Only of
 * the first, the user's own, it matters whether the holder leaves it.
 */
async function holdersOf(
  deps: ObserveDeps,
  { user, tenant }: Observed,
  { emails, handles, taken, ownDid }: Asked,
): Promise<Pick<ActualAccount, 'emailHolders' | 'isInRing'> & { readonly hidden: HiddenAccounts }> {
  const emailHolders = new Map<string, AddressHolder>();
  let isInRing = false;
  for (const [at, email] of emails.entries()) {
    const seen = await holderOf(deps, user, email);
    if (seen === undefined) {
      const reserving = reservedBy(taken.get(email), tenant);
      if (reserving !== undefined) emailHolders.set(email, reserving);
      continue;
    }
    const end = at === 0 && !isDeleted(seen) ? await chainEnd(deps, user, email, seen) : 'stays';
    isInRing ||= end === 'ring';
    emailHolders.set(email, holdingUser(seen, tenant, end !== 'stays'));
  }
  const free = emails.filter((email) => !emailHolders.has(email));
  const hidden = await findHidden(deps, user, free, handles, ownDid);
  for (const email of free) {
    const found = hidden.get(email);
    if (found === undefined) continue;
    const owner = found.owners.find((one) => !isDeleted(one)) ?? found.owners[0];
    const holder = owner && holdingUser(owner, tenant, false);
    emailHolders.set(email, holder ?? { type: 'hidden', did: found.account.did });
  }
  return { emailHolders, isInRing, hidden };
}

function reservedBy(taken: TakenBy | undefined, tenant: TenantId): AddressHolder | undefined {
  return taken?.type === 'had' ? holdingUser(taken.seen, tenant, false) : taken;
}

/** A living user before a deleted one. The read model may not know yet that an account is gone or has another address. */
async function holderOf(
  { accounts, subjects }: ObserveDeps,
  user: UserKey,
  email: string,
): Promise<Claimant | undefined> {
  const others = (await subjects.holdersOfEmail(email)).filter((one) => one.user !== user);
  const deleted = others.filter(isDeleted);
  for (const claimant of [...others.filter((one) => !deleted.includes(one)), ...deleted]) {
    const account = claimant.did === undefined ? 'missing' : await accounts.account(claimant.did);
    if (account !== 'missing' && account.email?.toLowerCase() === email) return claimant;
  }
  return undefined;
}
