/**
 * Conditions that only a person can resolve. The message of each names a command that does, ACTION_GUIDE has a row for it,
 * and test/conditions brings a user into that state and runs the command.
 */
import type { ConditionDraft } from '../events/condition.ts';
import type { Resource } from '../events/resources.ts';

export const NEEDS_ACTION = {
  verification: ['DocumentRemoved'],
  'user-document': ['DocumentRemoved', 'CodeUnreadable', 'CodeHeldByUser', 'CodeDiffers'],
  account: [
    'DocumentRemoved',
    'AccountMissing',
    'AccountUnreadable',
    'AccountNotImported',
    'AccountsDiffer',
    'AccountWithoutRepository',
    'AccountDeactivated',
    'AccountTakenDown',
    'AccountEmailDiffers',
    'AdoptionImpossible',
    'CredentialsIncomplete',
    'PasswordRefused',
    'UnownedAccountFound',
    'EmailHeldByDeletedUser',
    'EmailHeldByUser',
    'EmailTaken',
    'EmailNotAllowed',
    'FieldUnusable',
    'CodeHandleRefused',
    'CreationKeepsFailing',
    'IntendedAccountHidden',
  ],
  email: [
    'EmailHeldByDeletedUser',
    'EmailHeldByUser',
    'EmailTaken',
    'EmailNotAllowed',
    'EmailParked',
    'FieldUnusable',
  ],
  handle: ['HandleHeldByDeletedUser', 'CodeHandleRefused'],
} as const satisfies Readonly<Partial<Record<Resource, readonly string[]>>>;

/** Reasons of independent resources, by the resource. One adds its own with `declare module`. */
// biome-ignore lint/suspicious/noEmptyInterface: a resource extends it
export interface AddedReasons {}

/** Of every resource, while it is open whether something else of the user is restored. */
export const WAITING_FOR_DECISION = 'WaitingForDecision';

export type ReasonOf<R extends keyof typeof NEEDS_ACTION> = (typeof NEEDS_ACTION)[R][number];

/** A condition that needs action, before it has a status: a reason that is not listed does not compile. */
export type ActionNeeded =
  | {
      [R in keyof typeof NEEDS_ACTION]: {
        readonly type: R;
        readonly reason: ReasonOf<R>;
        readonly message: string;
      };
    }[keyof typeof NEEDS_ACTION]
  | {
      [R in keyof AddedReasons & Resource]: {
        readonly type: R;
        readonly reason: AddedReasons[R] & string;
        readonly message: string;
      };
    }[keyof AddedReasons & Resource]
  | {
      readonly type: ConditionDraft['type'];
      readonly reason: typeof WAITING_FOR_DECISION;
      readonly message: string;
    };
