/**
 * Ends what a user has not taken of an open transfer. A decision in the log of that user, as everything that it declines;
 * the deleted user keeps those parts, and another transfer is possible.
 */
import { UsageError } from '../../../errors.ts';
import type { Decided } from '../../../events/data/decisions.ts';
import type { TransferPart } from '../../../events/data/transfer.ts';
import type { Outgoing } from '../../../events/facts.ts';
import { fold } from '../../../events/fold.ts';
import { answerIn, type TransferAnswer } from '../../../events/fold-transfer.ts';
import type { DocumentReader, Documents } from '../../../ports/documents.ts';
import { shellQuoted } from '../../../reconcilers/command-lines.ts';
import { createJournal } from '../journal.ts';
import { type GrantDeps, holding, makeDue } from './grant.ts';
import type { Party } from './sides.ts';

export type CancelDeps = GrantDeps & { readonly documents: Pick<DocumentReader, 'read'> };

/** Throws UsageError USER_BUSY, NO_OPEN_TRANSFER and TRANSFER_TAKEN. Decides nothing then. */
export async function cancelTransfer(
  deps: CancelDeps,
  from: Party,
  to: Party,
  decided: Decided,
): Promise<readonly TransferPart[]> {
  const { log, documents } = deps;
  return holding(deps, to, async (held) => {
    const [history, promises, read] = await Promise.all([
      log.ofUser(to.user),
      log.ofUser(from.user),
      documents.read([to.user]),
    ]);
    const { outgoing } = fold(promises);
    const answer = outgoing?.to === to.user ? answerIn(history, outgoing) : undefined;
    if (outgoing === undefined || answer?.granted !== true)
      throw new UsageError(`No transfer from ${from.user} to ${to.user} is open.`, 'NO_OPEN_TRANSFER');
    const what = untaken(outgoing, answer, read.get(to.user));
    if (what.length === 0) {
      const finish = `concord reconcile ${shellQuoted(to.user)}, then: concord reconcile ${shellQuoted(from.user)}`;
      const message = `${to.user} has everything that was transferred from ${from.user}. Finish the transfer with: ${finish}`;
      throw new UsageError(message, 'TRANSFER_TAKEN');
    }
    await held.ensure();
    const cancelled = await createJournal(deps, to.user, to.tenant.id, fold(history)).append([], {
      type: 'transfer.cancelled',
      data: { promise: outgoing.promise, from: from.user, what, ...decided },
    });
    await makeDue(deps, to, cancelled);
    await makeDue(deps, from, cancelled);
    return what;
  });
}

/** What is neither taken nor declined. A document may have what the log does not say yet: a crash came between the two. */
function untaken(
  { open, account, handle, code }: Outgoing,
  { taken, declined }: TransferAnswer,
  documents: Documents | undefined,
): readonly TransferPart[] {
  const has: Readonly<Record<TransferPart, boolean>> = {
    account: account !== undefined && documents?.user?.account?.did === account,
    handle: handle !== undefined && documents?.handle === handle,
    code: code !== undefined && documents?.user?.code === code,
    address: false,
  };
  return [...open].filter((part) => !taken.has(part) && !declined.has(part) && !has[part]);
}
