/**
 * Moves what the platform stored in older places to where Concord reads it, page by page. Each write applies only where
 * the document still has what was read, so a run can end anywhere and be repeated, and works beside a running engine and
 * platform.
 *
 * The documents are written before the log: an entry for what is not there yet would look like a removal. After a run
 * that broke off, the next one finds what was written and not logged, and logs it.
 */

import { sideBySide } from '../../../concurrency/map-limit.ts';
import { UpstreamError } from '../../../errors.ts';
import type { ConcordEvent } from '../../../events/event.ts';
import type { Facts } from '../../../events/facts.ts';
import { fold } from '../../../events/fold.ts';
import { type Code, type Did, storedUserKey, type UserKey } from '../../../identity.ts';
import type { AccountReader, DidDirectory, PdsAccount } from '../../../ports/accounts.ts';
import type { Clock, Random } from '../../../ports/clock.ts';
import type { EventLog, EventReader } from '../../../ports/event-log.ts';
import type {
  OldDocumentReader,
  OldDocumentStore,
  OldMove,
  OldUser,
  SharedValues,
} from '../../../ports/old-documents.ts';
import type { PasswordVault } from '../../../ports/passwords.ts';
import type { WorkQueue } from '../../../ports/queue.ts';
import type { KnownSubject, SubjectReader } from '../../../ports/subjects.ts';
import { attempt } from '../../../reconcilers/attempt.ts';
import { draft } from '../../intake/decision.ts';
import { isExcluded, type Owned, ownerOf } from '../../intake/owner.ts';
import type { AssessedTenant } from '../../reconcile/read-side.ts';
import { planImport } from './plan.ts';
import type { ImportContext, KnownToLog, Location, UserImport } from './plan-state.ts';
import { type ImportReport, Report } from './report.ts';

export interface ImportDeps {
  readonly documents: OldDocumentReader;
  readonly subjects: Pick<SubjectReader, 'known'>;
  readonly events: Pick<EventReader, 'ofUser'>;
  readonly accounts: Pick<AccountReader, 'accounts' | 'handleDomains'>;
  readonly dids: DidDirectory;
  readonly vault: Pick<PasswordVault, 'open' | 'seal'>;
  readonly tenants: readonly Pick<AssessedTenant, 'id' | 'keyPrefix' | 'excludedBy'>[];
  /** Undefined in a dry run, which has nothing that could write. */
  readonly writer?: ImportWriter | undefined;
}

export interface ImportWriter {
  readonly documents: Pick<OldDocumentStore, 'move'>;
  readonly log: Pick<EventLog, 'append'>;
  readonly queue: Pick<WorkQueue, 'markDue'>;
  readonly clock: Clock;
  readonly random: Random;
  /** Who decided. */
  readonly by: string;
}

export interface ImportOptions {
  readonly onProgress?: (keys: number) => void;
  /** No further page is read after it aborts. */
  readonly signal?: AbortSignal;
}

/** Throws UpstreamError when the documents or the PDS cannot be read; what was moved until then stays. */
export async function importOld(
  deps: ImportDeps,
  { onProgress, signal }: ImportOptions = {},
): Promise<ImportReport> {
  const [shared, domains] = await Promise.all([deps.documents.shared(), deps.accounts.handleDomains()]);
  const report = new Report();
  let keys = 0;
  for await (const page of deps.documents.pages()) {
    if (signal?.aborted === true) return report.result(true);
    const planned = await planPage(deps, page, shared, domains);
    for (const { plan } of planned) report.found(plan);
    report.told(planned.filter(({ plan }) => !isMoving(plan) && plan.tell !== undefined).length);
    if (deps.writer === undefined) for (const { plan } of planned) report.moved(plan);
    else await carryOut(deps, deps.writer, planned, report);
    keys += page.length;
    onProgress?.(keys);
  }
  return report.result(false);
}

interface Planned {
  readonly plan: UserImport;
  readonly owned: Owned<Pick<AssessedTenant, 'id' | 'keyPrefix' | 'excludedBy'>> | undefined;
  readonly known: KnownToLog | undefined;
  readonly newestAt: Date | undefined;
  readonly context: ImportContext;
}

/** An unreadable account is not missing, so nothing is planned for its page. Throws UNEXPECTED_ANSWER. */
function readable(account: PdsAccount | 'unreadable'): PdsAccount {
  if (account !== 'unreadable') return account;
  const message = 'pds admin.getAccountInfos answered with an account that cannot be read.';
  throw new UpstreamError(message, { upstream: 'pds', code: 'UNEXPECTED_ANSWER', retryable: false });
}

async function planPage(
  deps: ImportDeps,
  page: readonly OldUser[],
  shared: SharedValues,
  domains: readonly string[],
): Promise<readonly Planned[]> {
  const older = page.filter(hasOldPlaces);
  const [known, codeHolders, found] = await Promise.all([
    deps.subjects.known(older.map(({ key }) => storedUserKey(key))),
    deps.documents.holdersOfCodes(older.flatMap(codeToMove)),
    deps.accounts.accounts([...new Set(page.flatMap(namedDid))]),
  ]);
  const accounts = new Map([...found].map(([did, account]) => [did, readable(account)]));
  const context: ImportContext = {
    ...{ ...shared, codeHolders, accounts, domains },
    locations: await locate(
      deps.dids,
      page.flatMap(namedDid).filter((did) => !accounts.has(did)),
    ),
    open: (stored, key) => deps.vault.open(stored, storedUserKey(key)),
  };
  const planned = new Map<string, Planned>();
  await sideBySide(page, async (user) => {
    const owned = ownerIn(deps.tenants, user);
    const subject = known.get(storedUserKey(user.key));
    planned.set(user.key, await planOne(deps, user, owned, subject, context));
  });
  return page.flatMap(({ key }) => planned.get(key) ?? []);
}

/** Undefined for a key that is not a user's, and for one that the configuration excludes. */
function ownerIn(tenants: ImportDeps['tenants'], { key, hasTextKey }: OldUser): Planned['owned'] {
  const owned = hasTextKey ? ownerOf(key, tenants) : undefined;
  return owned === undefined || isExcluded(owned.tenant, owned.user) ? undefined : owned;
}

/** The read model may be behind the log, so every move is planned by the log. */
async function planOne(
  { events }: ImportDeps,
  user: OldUser,
  owned: Planned['owned'],
  subject: KnownSubject | undefined,
  context: ImportContext,
): Promise<Planned> {
  const shown = subject?.isSeen === true ? knownIn(subject) : undefined;
  const plan = planImport(user, owned !== undefined, shown, context);
  const one = { plan, owned, known: shown, newestAt: undefined, context };
  const isToDo = [plan.code, plan.account, plan.passwordFor, plan.tell].some((part) => part !== undefined);
  if (subject === undefined || owned === undefined || !isToDo) return one;
  const facts = fold(await events.ofUser(owned.user));
  const known = knownBy(facts);
  return { ...one, plan: planImport(user, true, known, context), known, newestAt: facts.newestAt };
}

function knownIn({ code, did, sights }: KnownSubject): KnownToLog {
  return { code, record: sights.includes('record') ? did : undefined, account: did };
}

function knownBy({ code, sights, account }: Facts): KnownToLog {
  return { code, record: sights.record, account: account?.did ?? sights.record ?? sights.account };
}

function hasOldPlaces({ document, legacyCode, hasUnreadableLegacyCode }: OldUser): boolean {
  return document?.old !== undefined || legacyCode !== undefined || hasUnreadableLegacyCode;
}

function codeToMove({ document, legacyCode }: OldUser): readonly Code[] {
  return legacyCode === undefined || document?.code !== undefined ? [] : [legacyCode];
}

function namedDid({ document }: OldUser): readonly Did[] {
  const did = (document?.account ?? document?.old)?.did;
  return did === undefined ? [] : [did];
}

async function locate(directory: DidDirectory, dids: readonly Did[]): Promise<ReadonlyMap<Did, Location>> {
  const found = new Map<Did, Location>();
  await sideBySide([...new Set(dids)], async (did) => {
    const answer = await attempt('account', () => directory.serviceOf(did));
    found.set(did, answer.ok ? answer.value : { type: 'unknown', code: answer.failure.code });
  });
  return found;
}

// ── Writing ──

async function carryOut(
  deps: ImportDeps,
  writer: ImportWriter,
  planned: readonly Planned[],
  report: Report,
): Promise<void> {
  const moving = planned.filter(({ plan }) => isMoving(plan));
  await writer.documents.move(moving.flatMap(({ plan }) => movesOf(plan, deps.vault)));
  const after = await deps.documents.read(moving.map(({ plan }) => plan.user.key));
  const telling: Told[] = [];
  for (const one of planned) {
    const { plan, owned, known, context } = one;
    if (owned === undefined) continue;
    const user = isMoving(plan) ? after.get(plan.user.key) : plan.user;
    if (user === undefined) continue;
    const found = planImport(user, true, known, context);
    if (isMoving(plan)) report.moved(plan, found);
    const { tell } = found;
    if (tell !== undefined) telling.push({ ...one, owned, tell });
  }
  await tellAll(writer, telling);
}

function isMoving({ code, account, passwordFor }: UserImport): boolean {
  return code !== undefined || account !== undefined || passwordFor !== undefined;
}

function movesOf(
  { user: read, code, account, passwordFor }: UserImport,
  vault: ImportDeps['vault'],
): OldMove[] {
  const { key, document } = read;
  const stored = document?.old?.password;
  const user = storedUserKey(key);
  const sealed = () => (stored === undefined ? undefined : vault.seal(vault.open(stored, user), user));
  const password = account?.hasPassword === true || passwordFor !== undefined ? sealed() : undefined;
  return [
    ...(code === undefined ? [] : [{ what: 'code', read, code } as const]),
    ...(account === undefined ? [] : [{ ...account, what: 'account', read, password } as const]),
    ...(passwordFor === undefined || password === undefined
      ? []
      : [{ what: 'password', read, did: passwordFor, password } as const]),
  ];
}

type Told = Planned & {
  readonly owned: NonNullable<Planned['owned']>;
  readonly tell: NonNullable<UserImport['tell']>;
};

async function tellAll({ log, queue, by, ...deps }: ImportWriter, telling: readonly Told[]): Promise<void> {
  if (telling.length === 0) return;
  const events = telling.map(({ owned: { user, tenant }, tell, newestAt }): ConcordEvent => {
    const event = draft(deps, user, tenant.id, 'user-document.imported', { by, ...tell });
    const at = new Date(Math.max(event.at.getTime(), (newestAt?.getTime() ?? 0) + 1));
    return { ...event, at };
  });
  await log.append(events);
  const causes = new Map(events.map((event): [UserKey | null, ConcordEvent] => [event.user, event]));
  const triggers = telling.flatMap(({ owned: { user, userId, tenant } }) => {
    const cause = causes.get(user)?._id;
    return cause === undefined ? [] : [{ user, userId, tenant: tenant.id, cause }];
  });
  await queue.markDue(triggers, deps.clock.now(), 'sweep');
}
