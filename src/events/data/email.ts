/** The address of the account. */
import type { Did } from '../../identity.ts';
import type { RefusalReason } from './account-creation.ts';

export interface EmailEventData {
  'email.changed': { readonly did: Did; readonly to: string; readonly recovered?: true };
  'email.refused': { readonly email: string; readonly reason: RefusalReason };
  /** The account gives up its address for the time being, so that users who exchange addresses can go on. */
  'email.parking-intended': { readonly did: Did; readonly from: string; readonly to: string };
  'email.parked': {
    readonly did: Did;
    readonly from: string;
    /** An address that nothing can be delivered to. */
    readonly to: string;
    readonly recovered?: true;
  };
}
