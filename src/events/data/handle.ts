/** The handle: that of the platform, and that of the account. */
import type { AccountHandle, Did } from '../../identity.ts';
import type { RefusalReason } from './account-creation.ts';

export interface HandleEventData {
  'handle.observed': { readonly handle: string | null };
  'handle.changed': {
    readonly did: Did;
    readonly from: AccountHandle;
    readonly to: AccountHandle;
    readonly recovered?: true;
  };
  'handle.recorded': { readonly did: Did; readonly handle: AccountHandle };
  'handle.refused': { readonly handle: AccountHandle; readonly reason: RefusalReason };
}
