/** The actions of a plan as they are shown and saved: what each changes, and what it puts at risk. Pure. */

import type { Documents } from '../../ports/documents.ts';
import {
  type DescribedAction,
  describeAction,
  isDestructive,
  isIrreversible,
  readable,
  written,
} from '../../reconcilers/registry.ts';
import type { PlannedAction } from '../reconcile/look-ahead.ts';

/** A field before and after the action; null where it is not there. Never a secret, and never an address of a person. */
export interface FieldChange {
  readonly field: string;
  readonly from: string | null;
  readonly to: string | null;
}

export interface PlannedStep extends DescribedAction {
  /** What it writes, in words. */
  readonly writes: string;
  readonly changes: readonly FieldChange[];
  /** It ends something that the user has, or takes the account out of the users document. */
  readonly destructive: boolean;
  /** What it ends cannot be brought back. */
  readonly irreversible: boolean;
}

export function plannedStep({ action, before, after }: PlannedAction): PlannedStep {
  return {
    ...describeAction(action),
    writes: written(action),
    changes: before === undefined || after === undefined ? [] : changesOf(before, after),
    destructive: isDestructive(action),
    irreversible: isIrreversible(action),
  };
}

function changesOf(before: Documents, after: Documents): readonly FieldChange[] {
  const [from, to] = [fieldsOf(before), fieldsOf(after)];
  return Object.keys(from)
    .filter((field) => from[field] !== to[field])
    .map((field) => ({ field, from: from[field] ?? null, to: to[field] ?? null }));
}

/** What the documents say, by the names of the fields. Of a password only whether there is one. */
function fieldsOf({ verificationCount, handle, user }: Documents): Readonly<Record<string, string | null>> {
  const account = user?.account;
  return {
    'verifications.count': verificationCount === undefined ? null : String(verificationCount),
    'users.code': user?.code === undefined ? null : readable(user.code),
    'users.when': user?.when?.toISOString() ?? null,
    'users.atproto.did': account?.did ?? null,
    'users.atproto.handle': account?.handle === undefined ? null : readable(account.handle),
    'users.atproto.password': account?.hasPassword === true ? '(set)' : null,
    '@handles': handle ?? null,
  };
}
