/** Derives sync status, health and the read model's view of a user from conditions. */
import { type ConditionDraft, isExcludedReason, isMigrated } from '../../events/condition.ts';
import type { Auth0Facts, Facts, SeenResources } from '../../events/facts.ts';
import { verifiedAddress } from '../../events/fold-auth0.ts';
import type { Code, Did } from '../../identity.ts';
import type { Documents } from '../../ports/documents.ts';
import type { Health, SeenResource, SubjectView, Sync } from '../../ports/subjects.ts';

/** From this many failed reconciliations in a row, a user counts as degraded and no longer as progressing. */
const DEGRADED_AFTER = 3;

export function syncOf(conditions: readonly Pick<ConditionDraft, 'status'>[]): Sync {
  if (conditions.some(({ status }) => status === 'Unknown')) return 'Unknown';
  return conditions.some(({ status }) => status === 'False') ? 'OutOfSync' : 'Synced';
}

export function healthOf(
  facts: Pick<Facts, 'quarantined' | 'attempts' | 'auth0' | 'absentSince' | 'forgotten'>,
  conditions: readonly ConditionDraft[],
): Health {
  if (facts.forgotten) return 'Deleted';
  if (conditions.some(isExcludedReason)) return 'Excluded';
  // A paused user is neither healthy nor failed.
  if (conditions.some(({ type }) => type === 'pause')) return 'Suspended';
  if (facts.quarantined || facts.attempts >= DEGRADED_AFTER || conditions.some(({ held }) => held))
    return 'Degraded';
  if (facts.absentSince !== undefined) return 'Deleted';
  if (facts.auth0?.blocked === true) return 'Suspended';
  return conditions.some(({ status }) => status !== 'True') ? 'Progressing' : 'Healthy';
}

/**
 * The read model's view of a user, from the facts alone: so whatever a reconciliation found is in the log before it is
 * shown, and `replay` rebuilds the same. For a forgotten person it has no personal data, even while the log is still
 * being blanked.
 */
export function subjectView(facts: Facts): SubjectView {
  const account = facts.seen.account ?? facts.account;
  const did = account?.did ?? facts.sights.record ?? facts.sights.account;
  const seen = { code: facts.seen.code ?? facts.code, did, sights: sightsOf(facts) };
  const isToAsk = facts.conditions.some(
    (condition) => condition.held || isMigrated(condition) || isExcludedReason(condition),
  );
  const { auth0 } = facts;
  const isThere = facts.absentSince === undefined && !facts.forgotten;
  const { linked = [], unusable = [] } = (isThere ? auth0 : undefined) ?? {};
  const mark = withListed(markOf(seen.sights, seen.code, did), { linked, unusable });
  const known = { ...seen, linked, unusable, mark: `${mark}${isToAsk ? TO_ASK : ''}` };
  if (facts.forgotten) return { ...forgotten, ...known };
  const email = auth0?.email?.toLowerCase();
  return {
    ...known,
    email,
    emailVerified: auth0?.emailVerified ?? false,
    verifiedEmail: isThere ? verifiedAddress(facts) : undefined,
    accountHandle: account?.handle,
    accountEmail: account?.email?.toLowerCase(),
    platformHandle: facts.platformHandle ?? facts.sister?.handle,
    sister: facts.sister?.user,
    conditions: facts.conditions,
    sync: syncOf(facts.conditions),
    health: healthOf(facts, facts.conditions),
    attempts: facts.attempts,
    quarantined: facts.quarantined,
    failure: facts.failure,
  };
}

const SIGHTS: readonly SeenResource[] = ['verification', 'document', 'record', 'account'];

function sightsOf({ sights }: Facts): readonly SeenResource[] {
  return SIGHTS.filter((one) => sights[one] !== undefined && sights[one] !== false);
}

const LETTER: Readonly<Record<SeenResource, string>> = {
  verification: 'v',
  document: 'd',
  record: 'r',
  account: 'a',
};

/** No documents have this mark, so a sweep always reads the facts of a user who needs action or has moved. */
const TO_ASK = ' !';

function markOf(sights: readonly SeenResource[], code: Code | undefined, did: Did | undefined): string {
  return `${sights.map((one) => LETTER[one]).join('')} ${code ?? ''} ${did ?? ''}`;
}

/** Adds what only a listing shows: linked identities and unusable fields. Without any, the mark is unchanged. */
export function withListed(
  mark: string,
  { linked = [], unusable = [] }: Pick<Auth0Facts, 'linked' | 'unusable'>,
): string {
  const fields = unusable.map((field) => `?${field}`);
  return linked.length + fields.length === 0 ? mark : [mark, ...linked, ...fields].join(' ');
}

/** The mark of a user without missing resources: the documents show everything that was ever seen. */
export function markIn({ verificationCount, user }: Documents): string {
  const did = user?.account?.did;
  const letters = `${verificationCount === undefined ? '' : 'v'}${user === undefined ? '' : 'd'}`;
  return `${letters}${did === undefined ? '' : 'ra'} ${user?.code ?? ''} ${did ?? ''}`;
}

/** The same, from the read model. */
export function seenResourcesIn({ sights, did }: Pick<SubjectView, 'sights' | 'did'>): SeenResources {
  const has = (one: SeenResource): boolean => sights.includes(one);
  return {
    verification: has('verification'),
    document: has('document'),
    record: has('record') ? did : undefined,
    account: has('account') ? did : undefined,
  };
}

const forgotten = {
  email: undefined,
  emailVerified: false,
  verifiedEmail: undefined,
  accountHandle: undefined,
  accountEmail: undefined,
  platformHandle: undefined,
  sister: undefined,
  conditions: [],
  sync: 'Synced',
  health: 'Deleted',
  attempts: 0,
  quarantined: false,
  failure: undefined,
} as const satisfies Partial<SubjectView>;

/** The view of a subject that was never reconciled. */
export const UNSEEN: SubjectView = {
  sights: [],
  mark: '',
  email: undefined,
  emailVerified: false,
  verifiedEmail: undefined,
  linked: [],
  unusable: [],
  code: undefined,
  did: undefined,
  accountHandle: undefined,
  accountEmail: undefined,
  platformHandle: undefined,
  sister: undefined,
  conditions: [],
  sync: 'Unknown',
  health: 'Progressing',
  attempts: 0,
  quarantined: false,
  failure: undefined,
};
