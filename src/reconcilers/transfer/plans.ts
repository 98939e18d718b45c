/** What an open transfer does for the user, resource by resource. Pure. */
import type { Desired } from '../desired.ts';
import type { ActualDocument } from '../document/user-document.ts';
import type { TransferSeen } from '../other-users.ts';
import type { TransferPlans } from '../shared.ts';
import { planIncoming, planRetirement } from './incoming.ts';
import { planOutgoing } from './outgoing.ts';

/** Replaces the plans of these resources while a transfer is open. */
export function transferPlans(
  { account: wanted, handle: { domain, refused }, transfer }: Desired,
  { documents, codeHolder }: ActualDocument,
  seen: TransferSeen,
): TransferPlans {
  const { incoming, outgoing, retiring } = transfer;
  const retirement =
    retiring === undefined ? undefined : planRetirement(retiring, seen.retiring, wanted, domain);
  return {
    ...(retirement === undefined ? {} : { account: retirement }),
    ...(incoming === undefined || seen.incoming === undefined
      ? {}
      : planIncoming(incoming, seen.incoming, { wanted, documents, codeHolder })),
    ...(outgoing === undefined || seen.outgoing === undefined
      ? {}
      : planOutgoing(outgoing, seen.outgoing, { documents, domain, refused })),
  };
}
