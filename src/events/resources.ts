/** The resources of a user, and what of them others may remove. */

/** An independent resource adds its name with `declare module`. `reconcilers/registry.ts` has them in their order. */
export interface ResourceNames {
  verification: true;
  'user-document': true;
  account: true;
  email: true;
  handle: true;
}

export type Resource = keyof ResourceNames;

/** What others may remove. A removed `account-record` is `users.atproto`; a removed `handle` is a row of `@handles`. */
export type Removable = 'verification' | 'user-document' | 'code' | 'account-record' | 'account' | 'handle';
