/** The resources of a user, and what of them others may remove. */

/** The resources of a user, in the order in which they are reconciled. */
export const RESOURCES = ['verification', 'user-document', 'account', 'email', 'handle'] as const;

export type Resource = (typeof RESOURCES)[number];

/** What others may remove. A removed `account-record` is `users.atproto`; a removed `handle` is a row of `@handles`. */
export type Removable = 'verification' | 'user-document' | 'code' | 'account-record' | 'account' | 'handle';
