/**
 * Assesses many users in batches: the documents of a page in three queries, its accounts in one call for a hundred.
 * Users who are out of sync are then assessed one by one with the log, exactly as a reconciliation does. So an audit of
 * users in sync is cheap and never reports more than a reconciliation finds.
 */

import { sideBySide } from '../../concurrency/map-limit.ts';
import { isRemovedReason } from '../../events/condition.ts';
import type { Facts } from '../../events/facts.ts';
import { fold } from '../../events/fold.ts';
import { withAuth0 } from '../../events/fold-auth0.ts';
import { type AccountHandle, type UserKey, userKey } from '../../identity.ts';
import type { Auth0User } from '../../ports/auth0.ts';
import type { Documents } from '../../ports/documents.ts';
import type { KnownSubject } from '../../ports/subjects.ts';
import { attempt } from '../../reconcilers/attempt.ts';
import { desire } from '../../reconcilers/desired.ts';
import { planInBatch } from '../../reconcilers/observe.ts';
import { dropKnown, limitOf } from '../../reconcilers/registry.ts';
import { observeBatch } from '../reconcile/independent.ts';
import { isSameList } from '../reconcile/learn.ts';
import { failuresOf, findLinkedUser, observeLinkedUsers } from '../reconcile/linked-user.ts';
import { observeUser } from '../reconcile/observe.ts';
import type { AssessDeps, AssessedTenant } from '../reconcile/read-side.ts';
import { markIn, seenResourcesIn, withListed } from '../reconcile/subject-view.ts';
import type { Assessment } from './assessment.ts';

const NO_HISTORY = fold([]);
const NONE_KNOWN: ReadonlyMap<UserKey, KnownSubject> = new Map();

export async function assess(
  deps: AssessDeps,
  tenant: AssessedTenant,
  users: readonly Auth0User[],
  now: Date,
  depth: 'batch' | 'full' = 'full',
): Promise<Assessment[]> {
  const keys = users.map(({ userId }) => userKey(tenant.keyPrefix, userId));
  const [documents, marks] = await Promise.all([deps.documents.read(keys), deps.subjects.marksOf(keys)]);
  const changed = new Set(
    keys.filter((key, at) => {
      const [read, auth0] = [documents.get(key), users[at]];
      return read !== undefined && marks.get(key) !== withListed(markIn(read), auth0 ?? {});
    }),
  );
  const known = changed.size === 0 ? NONE_KNOWN : await deps.subjects.known([...changed]);
  const dids = keys.flatMap((key) => documents.get(key)?.user?.account?.did ?? known.get(key)?.did ?? []);
  const pds = await attempt('account', async () => ({
    domain: await deps.handleDomain(),
    accounts: await deps.accounts.accounts([...new Set(dids)]),
  }));
  const accounts = pds.ok ? ({ ok: true, value: pds.value.accounts } as const) : pds;
  // As the read model has them: a user who got or lost a linked user since was made due by that user.
  const linked = tenant.linkedTenant === undefined ? new Map() : await deps.subjects.sistersOf(keys);
  const linkedUsers = await observeLinkedUsers(deps, linked, documents);
  const assessments: Assessment[] = [];
  for (const [at, auth0] of users.entries()) {
    const user = keys[at];
    const read = user === undefined ? undefined : documents.get(user);
    if (user === undefined || read === undefined)
      throw new Error('the documents of a user were asked for and not answered');
    const subject = changed.has(user) ? known.get(user) : 'same';
    const facts = listed(factsOf(subject), auth0, read, now);
    const domain = pds.ok ? pds.value.domain : '';
    const linkedUser = linkedUsers.get(user) ?? 'none';
    const desired = desire(user, facts, tenant, domain, deps.settings, linkedUser);
    const view = planInBatch(desired, read, accounts, subject === 'same', now);
    assessments.push({ user, auth0, facts, view, linkedUser, known: subject });
  }
  const whole = await observeBatch(deps.clients, assessments, now);
  const seen = await withoutKnown(deps, await withWhatIsKnown(deps, whole));
  return depth === 'batch' ? [...seen] : assessCloser(deps, tenant, seen, now);
}

/** Most of what a batch has no history of needs no closer look. */
async function withoutKnown(
  deps: AssessDeps,
  assessments: readonly Assessment[],
): Promise<readonly Assessment[]> {
  const { subjects, accounts } = deps;
  const takenOf = async (handles: readonly AccountHandle[]) => {
    const taken: AccountHandle[] = [];
    await sideBySide(handles, async (handle) => {
      const holder = await attempt('handle', () => accounts.holderOf(handle));
      if (holder.ok && holder.value.type !== 'nobody') taken.push(handle);
    });
    return taken;
  };
  const views = await dropKnown(
    { subjects, takenOf },
    assessments.map(({ view }) => view),
  );
  return assessments.map((one, at) =>
    one.view === views[at] ? one : { ...one, view: views[at] ?? one.view },
  );
}

/** An account may be missing though the documents are unchanged: the read model says whether that is new. */
async function withWhatIsKnown(
  { subjects }: AssessDeps,
  assessments: readonly Assessment[],
): Promise<readonly Assessment[]> {
  const isToAsk = ({ known, view }: Assessment): boolean =>
    known === 'same' && view.conditions.some(({ reason }) => isRemovedReason(reason));
  const asked = assessments.filter(isToAsk).map(({ user }) => user);
  if (asked.length === 0) return assessments;
  const known = await subjects.known(asked);
  return assessments.map((one) => (isToAsk(one) ? { ...one, known: known.get(one.user) } : one));
}

/** Whether a batch found anything that a reconciliation should handle. */
export function isDrifted({ view }: Assessment): boolean {
  return view.actions.length > 0 || view.conditions.some(({ status }) => status !== 'True');
}

/**
 * No reconciliation has seen that Auth0 has linked other users into this one, or no longer does, which no trigger names; or
 * that other fields of the user cannot be used, of which the conditions that are in order say so as well.
 */
export function isListedOtherwise({ known, auth0 }: Assessment): boolean {
  if (known === 'same') return false;
  return !isSameList(known?.linked, auth0.linked) || !isSameList(known?.unusable, auth0.unusable);
}

/** Assesses some of those again one by one, with the log. */
export async function assessCloser(
  deps: AssessDeps,
  tenant: AssessedTenant,
  assessments: readonly Assessment[],
  now: Date,
): Promise<Assessment[]> {
  const result = [...assessments];
  const drifted = [...assessments.entries()].filter(([, assessment]) => isDrifted(assessment));
  await sideBySide(drifted, async ([index, assessment]) => {
    result[index] = await assessOne(deps, tenant, assessment, now);
  });
  return result;
}

async function assessOne(
  deps: AssessDeps,
  tenant: AssessedTenant,
  { user, auth0, view, known }: Assessment,
  now: Date,
): Promise<Assessment> {
  const history = fold(await deps.events.ofUser(user));
  const facts = view.documents === undefined ? history : listed(history, auth0, view.documents, now);
  // Only an unknown linked user may ask for the rename: read that user from Auth0 before the rename counts.
  const isToAsk =
    history.sister === undefined && view.actions.some((action) => limitOf(action) === 'renames');
  const how = isToAsk ? 'ask' : 'see';
  const linkedUser = await findLinkedUser(deps, tenant, user, facts, view.documents, how);
  const seen = await observeUser(
    deps,
    tenant,
    user,
    { facts, linkedUser: linkedUser.seen, documents: view.documents },
    now,
  );
  return {
    user,
    auth0,
    facts,
    known,
    linkedUser: linkedUser.seen,
    view: { ...seen, failures: [...seen.failures, ...failuresOf(linkedUser)] },
  };
}

/** What the read model knows, as far as a plan goes by it. */
function factsOf(known: Assessment['known']): Facts {
  if (known === undefined || known === 'same' || !known.isSeen) return NO_HISTORY;
  return { ...NO_HISTORY, sights: seenResourcesIn(known), code: known.code };
}

function listed(facts: Facts, auth0: Auth0User, documents: Documents, now: Date): Facts {
  return { ...withAuth0(facts, auth0, now), platformHandle: documents.handle };
}
