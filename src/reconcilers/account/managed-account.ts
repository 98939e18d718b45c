/** The account whose handle and address Concord keeps. "Not managed" is not "absent": each has its own reason. */
import type { PdsAccount } from '../../ports/accounts.ts';
import { inSync, type Plan } from '../reconciler.ts';

export interface ManagedAccount {
  /** The account whose handle and address may be changed. */
  readonly account: PdsAccount | undefined;
  /** Why an account that exists is left as it is, as a sentence; undefined where none exists or it is managed. */
  readonly leftBecause: string | undefined;
  /** The account that is left as it is. */
  readonly left?: PdsAccount | undefined;
  /** Its user is deleted in Auth0. */
  readonly isDeleted?: boolean | undefined;
  /** The account moved to another PDS: its address and handle follow no longer. */
  readonly hasMoved?: true;
}

/** The condition of the address or the handle where there is no managed account. */
export function notManaged(
  type: 'email' | 'handle',
  { leftBecause, hasMoved }: Pick<ManagedAccount, 'leftBecause' | 'hasMoved'>,
): Plan<never> {
  const what = type === 'email' ? 'address' : 'handle';
  const leader = type === 'email' ? 'the address in Auth0' : 'the platform handle';
  const consequence = hasMoved
    ? `Its ${what} no longer follows ${leader}.`
    : `The ${what} of the account is left as it is.`;
  const condition =
    leftBecause === undefined
      ? inSync({ type, reason: 'NoAccount', message: 'No account of this user is known on the PDS.' })
      : inSync({
          ...{ type, reason: 'NotManaged' },
          message: `${leftBecause} ${consequence}`,
        });
  return { actions: [], condition };
}
