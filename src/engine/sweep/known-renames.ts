/**
 * A batch knows nothing of refusals and of who holds a handle, so to it everybody who has the code instead of
 * the chosen handle looks like somebody to be renamed. Most of them have it for a reason that is known, and need
 * no look by themselves:
 *
 * | the last pass said | the chosen handle, now          | the rename  |
 * |--------------------|---------------------------------|-------------|
 * | HandleNotAllowed   |                                 | is dropped  |
 * | HandleTaken        | a user of ours carries it       | is dropped  |
 * | HandleTaken        | the PDS says that another does  | is dropped  |
 * | HandleTaken        | nobody has it any more          | stays       |
 * | anything else      |                                 | stays       |
 *
 * Only where nothing has changed since that pass: the handle that was chosen, and the code as the account's
 * handle. Who carries a handle is what the read model says; where that is wrong, the carrier differs as well, and
 * once that is mended the next look finds the handle free.
 */

import { sideBySide } from '../../concurrency/map-limit.ts';
import type { ConditionDraft } from '../../events/event.ts';
import type { AccountHandle } from '../../identity.ts';
import type { AccountReader } from '../../ports/accounts.ts';
import type { Subject, SubjectReader } from '../../ports/subjects.ts';
import type { HandleAction } from '../../reconcilers/account/handle.ts';
import { codeHandle } from '../../reconcilers/account/handle-label.ts';
import { attempt } from '../reconcile/attempt.ts';
import type { Assessment } from './assessment.ts';

export interface CodeHandleDeps {
  readonly accounts: Pick<AccountReader, 'holderOf'>;
  readonly subjects: Pick<SubjectReader, 'read' | 'carriersOf'>;
}

type Rename = HandleAction & { readonly type: 'change-handle' };

interface Suspect {
  readonly assessment: Assessment;
  readonly rename: Rename;
  readonly known: ConditionDraft;
}

/** The same assessments, without the renames that the last pass explains. */
export async function dropKnownRenames(
  deps: CodeHandleDeps,
  assessments: readonly Assessment[],
): Promise<Assessment[]> {
  const renamed = assessments.filter((assessment) => renameOf(assessment) !== undefined);
  if (renamed.length === 0) return [...assessments];
  const subjects = await deps.subjects.read(renamed.map(({ user }) => user));
  const suspects = renamed.flatMap(
    (assessment) => explained(assessment, subjects.get(assessment.user)) ?? [],
  );
  const stillTaken = await takenOnes(deps, suspects);
  const dropped = new Map(
    suspects
      .filter(({ known, rename }) => known.reason === 'HandleNotAllowed' || stillTaken.has(rename.to))
      .map((suspect) => [suspect.assessment.user, suspect]),
  );
  return assessments.map((assessment) => {
    const suspect = dropped.get(assessment.user);
    return suspect === undefined ? assessment : withoutRename(suspect);
  });
}

export function renameOf({ view }: Assessment): Rename | undefined {
  return view.actions.find((action): action is Rename => action.type === 'change-handle');
}

function explained(assessment: Assessment, subject: Subject | undefined): Suspect | undefined {
  const rename = renameOf(assessment);
  const known = subject?.conditions.find(({ type }) => type === 'handle');
  if (rename === undefined || subject === undefined || known === undefined) return undefined;
  const isExplained = known.reason === 'HandleNotAllowed' || known.reason === 'HandleTaken';
  const { code } = assessment.view.documents?.user ?? {};
  // The sister's, where the user has none.
  const { platformHandle, domain } = assessment.view.desired.handle;
  const isUnchanged =
    subject.platformHandle === platformHandle && rename.account.handle === codeHandle(code, domain);
  if (!isExplained || !isUnchanged || rename.isCode) return undefined;
  const { type, status, reason, message, held } = known;
  return { assessment, rename, known: { type, status, reason, message, held } };
}

/** Those of the wanted handles that somebody else has, as far as can be told. */
async function takenOnes(
  { accounts, subjects }: CodeHandleDeps,
  suspects: readonly Suspect[],
): Promise<ReadonlySet<AccountHandle>> {
  const taken = suspects.filter(({ known }) => known.reason === 'HandleTaken');
  const wanted = [...new Set(taken.map(({ rename }) => rename.to))];
  if (wanted.length === 0) return new Set();
  const carriers = await subjects.carriersOf(wanted);
  const held = new Set(carriers.keys());
  // Held by an account that belongs to nobody of ours, or by nobody: only the PDS can tell.
  await sideBySide(
    wanted.filter((handle) => !held.has(handle)),
    async (handle) => {
      const holder = await attempt('handle', () => accounts.holderOf(handle));
      // What could not be read is left to the closer look, which says so.
      if (holder.ok && holder.value.type !== 'nobody') held.add(handle);
    },
  );
  return held;
}

function withoutRename({ assessment, known }: Suspect): Assessment {
  const { view } = assessment;
  const actions = view.actions.filter(({ type }) => type !== 'change-handle');
  const conditions = view.conditions.map((condition) => (condition.type === 'handle' ? known : condition));
  return { ...assessment, view: { ...view, actions, conditions } };
}
