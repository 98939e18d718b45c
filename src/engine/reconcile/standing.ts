/** From conditions to the two axes that are never mixed, and to what the read model shows of a user. */
import { type ConditionDraft, isExcludedReason, isMigrated } from '../../events/event.ts';
import type { Auth0Facts, Facts, Sights } from '../../events/facts.ts';
import { verifiedAddress } from '../../events/fold-auth0.ts';
import type { Code, Did } from '../../identity.ts';
import type { Documents } from '../../ports/documents.ts';
import type { Health, Sight, SubjectView, Sync } from '../../ports/subjects.ts';

/** From this many failed passes in a row a user counts as degraded and no longer as being worked on. */
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
  // Paused is never green, and neither is it a failure.
  if (conditions.some(({ type }) => type === 'pause')) return 'Suspended';
  if (facts.quarantined || facts.attempts >= DEGRADED_AFTER || conditions.some(({ held }) => held))
    return 'Degraded';
  if (facts.absentSince !== undefined) return 'Deleted';
  if (facts.auth0?.blocked === true) return 'Suspended';
  return conditions.some(({ status }) => status !== 'True') ? 'Progressing' : 'Healthy';
}

/**
 * What the read model shows, from the facts alone: so whatever a pass has found is in the log before it is
 * shown, and `replay` rebuilds the same. Of a person who was forgotten nothing personal is shown, also while
 * the log is still being blanked.
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

const SIGHTS: readonly Sight[] = ['verification', 'document', 'record', 'account'];

function sightsOf({ sights }: Facts): readonly Sight[] {
  return SIGHTS.filter((one) => sights[one] !== undefined && sights[one] !== false);
}

const LETTER: Readonly<Record<Sight, string>> = {
  verification: 'v',
  document: 'd',
  record: 'r',
  account: 'a',
};

/** No documents have this mark, so a sweep always reads what is known of a user who needs action or has moved. */
const TO_ASK = ' !';

function markOf(sights: readonly Sight[], code: Code | undefined, did: Did | undefined): string {
  return `${sights.map((one) => LETTER[one]).join('')} ${code ?? ''} ${did ?? ''}`;
}

/** With what a listing shows and the documents do not. Users without linked identities and odd fields have the mark as it is. */
export function withListed(
  mark: string,
  { linked = [], unusable = [] }: Pick<Auth0Facts, 'linked' | 'unusable'>,
): string {
  const fields = unusable.map((field) => `?${field}`);
  return linked.length + fields.length === 0 ? mark : [mark, ...linked, ...fields].join(' ');
}

/** The mark of a user of whom nothing is missing: what the documents show is all that was ever seen. */
export function markIn({ verificationCount, user }: Documents): string {
  const did = user?.account?.did;
  const letters = `${verificationCount === undefined ? '' : 'v'}${user === undefined ? '' : 'd'}`;
  return `${letters}${did === undefined ? '' : 'ra'} ${user?.code ?? ''} ${did ?? ''}`;
}

/** The same, from what the read model shows. */
export function sightsIn({ sights, did }: Pick<SubjectView, 'sights' | 'did'>): Sights {
  const has = (one: Sight): boolean => sights.includes(one);
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

/** What a subject shows that nobody has looked at yet. */
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
