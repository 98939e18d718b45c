/**
 * A batch has no history of refusals and does not know who holds a handle, so every user who has the code instead of
 * the chosen handle looks like a rename. Most have it for a known reason and need no single assessment:
 *
 * | last reconciliation | the chosen handle, now         | the rename  |
 * |---------------------|--------------------------------|-------------|
 * | HandleNotAllowed    |                                | is dropped  |
 * | HandleTaken         | a user of ours has it          | is dropped  |
 * | HandleTaken         | the PDS says that it is taken  | is dropped  |
 * | HandleTaken         | it is free                     | stays       |
 * | anything else       |                                | stays       |
 *
 * Only where nothing has changed since that reconciliation: neither the chosen handle, nor the code as the account's
 * handle. The read model says who has a handle. Where that is wrong, the holder is out of sync as well, and once that is
 * fixed, the next sweep finds the handle free.
 */

import { sideBySide } from '../../concurrency/map-limit.ts';
import type { ConditionDraft } from '../../events/condition.ts';
import type { AccountHandle } from '../../identity.ts';
import type { Subject } from '../../ports/subjects.ts';
import { attempt } from '../attempt.ts';
import { codeHandle } from '../derived-names.ts';
import type { BatchReaders } from '../resource.ts';
import type { View } from '../view.ts';
import type { HandleAction } from './handle.ts';

type Rename = HandleAction & { readonly type: 'change-handle' };

interface Suspect {
  readonly view: View;
  readonly rename: Rename;
  readonly known: ConditionDraft;
}

/** The same views, without the renames that the last reconciliation explains. */
export async function dropKnownRenames(
  readers: BatchReaders,
  views: readonly View[],
): Promise<readonly View[]> {
  const renamed = views.filter((view) => renameOf(view) !== undefined);
  if (renamed.length === 0) return views;
  const subjects = await readers.subjects.read(renamed.map(({ desired }) => desired.user));
  const suspects = renamed.flatMap((view) => explained(view, subjects.get(view.desired.user)) ?? []);
  const stillTaken = await takenOnes(readers, suspects);
  const dropped = new Map(
    suspects
      .filter(({ known, rename }) => known.reason === 'HandleNotAllowed' || stillTaken.has(rename.to))
      .map((suspect) => [suspect.view, suspect]),
  );
  return views.map((view) => {
    const suspect = dropped.get(view);
    return suspect === undefined ? view : withoutRename(suspect);
  });
}

function renameOf({ actions }: View): Rename | undefined {
  return actions.find((action): action is Rename => action.type === 'change-handle');
}

function explained(view: View, subject: Subject | undefined): Suspect | undefined {
  const rename = renameOf(view);
  const known = subject?.conditions.find(({ type }) => type === 'handle');
  if (rename === undefined || subject === undefined || known === undefined) return undefined;
  const isExplained = known.reason === 'HandleNotAllowed' || known.reason === 'HandleTaken';
  const { code } = view.documents?.user ?? {};
  // The linked user's, where the user has none.
  const { platformHandle, domain } = view.desired.handle;
  const isUnchanged =
    subject.platformHandle === platformHandle && rename.account.handle === codeHandle(code, domain);
  if (!isExplained || !isUnchanged || rename.isCode) return undefined;
  const { type, status, reason, message, held } = known;
  return { view, rename, known: { type, status, reason, message, held } };
}

/** The wanted handles that another account has, as far as can be known. */
async function takenOnes(
  { accounts, subjects }: BatchReaders,
  suspects: readonly Suspect[],
): Promise<ReadonlySet<AccountHandle>> {
  const taken = suspects.filter(({ known }) => known.reason === 'HandleTaken');
  const wanted = [...new Set(taken.map(({ rename }) => rename.to))];
  if (wanted.length === 0) return new Set();
  const carriers = await subjects.carriersOf(wanted);
  const held = new Set(carriers.keys());
  // The read model has no holder, so only the PDS can say whether an account has it.
  await sideBySide(
    wanted.filter((handle) => !held.has(handle)),
    async (handle) => {
      const holder = await attempt('handle', () => accounts.holderOf(handle));
      // What could not be read is left to the single assessment, which says so.
      if (holder.ok && holder.value.type !== 'nobody') held.add(handle);
    },
  );
  return held;
}

function withoutRename({ view, known }: Suspect): View {
  const actions = view.actions.filter(({ type }) => type !== 'change-handle');
  const conditions = view.conditions.map((condition) => (condition.type === 'handle' ? known : condition));
  return { ...view, actions, conditions };
}
