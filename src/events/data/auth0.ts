/** What Auth0 reported, and what was read of it. */
import type { Auth0UserId, EventId } from '../../identity.ts';

/** The fields of an Auth0 user that Concord goes by, apart from the id, by Auth0's names. */
export const AUTH0_FIELDS = ['email', 'email_verified', 'blocked', 'created_at', 'identities'] as const;

export type Auth0Field = (typeof AUTH0_FIELDS)[number];

export interface Auth0EventData {
  'auth0.log-received': {
    readonly logId: string;
    readonly code: string;
    readonly hint: 'deleted' | null;
    readonly raw: string;
  };
  /** Of an event stream, which says the same as a log entry in other words, and of some users more. */
  'auth0.event-received': {
    readonly eventId: string;
    readonly name: string;
    readonly hint: 'deleted' | null;
    readonly raw: string;
  };
  'auth0.user-observed': {
    readonly userId: Auth0UserId;
    readonly email: string | null;
    readonly emailVerified: boolean;
    readonly blocked: boolean;
    /** Null where Auth0 has none that can be used. */
    readonly createdAt: string | null;
    /** The users that are linked into this one, sorted. Absent when there are none, as in all that was written before they were read. */
    readonly linked?: readonly Auth0UserId[];
    /** Fields with a value that cannot be used, by their names alone; each counts as not set. Absent when there are none. */
    readonly unusable?: readonly Auth0Field[];
  };
  'auth0.user-absent': { readonly userId: Auth0UserId };
  /** Auth0 says that no user has this id, and none ever had: there is nothing to reconcile. */
  'auth0.user-invalid': { readonly userId: Auth0UserId };
  /** Not in a listing that was complete: one of the two proofs of a removal, and none by itself. */
  'auth0.user-unlisted': { readonly run: EventId };
}
