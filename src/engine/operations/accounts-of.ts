/** Every account that is, or may be, a user's: by the document, by the log, and by an abandoned creation. */
import type { Facts } from '../../events/facts.ts';
import { type AccountHandle, BLANKED_HANDLE, type Did } from '../../identity.ts';
import type { AccountReader, PdsAccount } from '../../ports/accounts.ts';

export async function accountsOf(
  accounts: Pick<AccountReader, 'account' | 'holderOf'>,
  facts: Facts,
  recorded: Did | undefined,
): Promise<ReadonlySet<Did>> {
  const intended = await Promise.all(
    [...intendedHandles(facts)].map(async (handle) => {
      const holder = await accounts.holderOf(handle);
      const account = holder.type === 'account' ? await accounts.account(holder.did) : 'missing';
      return account !== 'missing' && isIntended(facts, account) ? account.did : undefined;
    }),
  );
  const dids = [recorded, facts.account?.did, facts.seen.account?.did, ...intended];
  return new Set(dids.filter((did) => did !== undefined));
}

/** Without blanked ones: the call that blanked them has checked them. */
function intendedHandles({ givenUp }: Facts): ReadonlySet<AccountHandle> {
  const handles = givenUp.map(({ handle }) => handle);
  return new Set(handles.filter((handle) => handle !== BLANKED_HANDLE));
}

/** An account that was created with the invite of an intent of ours. */
function isIntended({ givenUp }: Facts, { inviteHash }: PdsAccount): boolean {
  return inviteHash !== undefined && givenUp.some((one) => one.inviteHash === inviteHash);
}
