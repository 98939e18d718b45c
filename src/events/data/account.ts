/** The account on the PDS. */
import type { AccountHandle, Did } from '../../identity.ts';

export interface AccountEventData {
  'account.recorded': { readonly did: Did; readonly handle: AccountHandle };
  /** The users document no longer names this account, which the PDS does not have. */
  'account.record-dropped': { readonly did: Did };
  /** What a row without a repository left behind was deleted, so that the account can be created again. */
  'account.remnant-deleted': { readonly did: Did };
  'account.adopted': {
    readonly did: Did;
    readonly handle: AccountHandle;
    readonly email: string | null;
    /** The evidence that the person saw before the decision. */
    readonly evidence: readonly string[];
    readonly recovered?: true;
  };
  'account.deactivated': { readonly did: Did; readonly because: 'blocked' | 'removed' };
  'account.reactivated': { readonly did: Did };
  'account.deleted': { readonly did: Did };
  /** The PDS did not let us in with the password that is stored; and that it does again. */
  'password.refused': { readonly did: Did };
  'password.accepted': { readonly did: Did };
  'password-reset.granted': { readonly by: string };
  'password.reset': { readonly did: Did };
}
