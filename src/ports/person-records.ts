/** What is stored of one person, as `export` reads it. */
import type { Did, UserKey } from '../identity.ts';
import type { Forgotten } from './event-log.ts';

export interface Person extends Forgotten {
  /** The accounts that are this user's. */
  readonly dids: readonly Did[];
}

/** A document of another user, or about many, that names the person: only where it is, not its other content. */
export interface MentionedIn {
  readonly collection: string;
  readonly id: string;
  /** Of an event. */
  readonly type?: string;
  readonly at?: Date;
  /** Where in the document. */
  readonly field: string;
}

export type PersonRecord =
  /** As it is stored, secrets and all. */
  | { readonly type: 'document'; readonly document: Readonly<Record<string, unknown>> }
  | { readonly type: 'mention'; readonly mention: MentionedIn };

export interface PersonRecords {
  /** Every collection of Concord's and of the platform's that Concord knows, by name. */
  readonly collections: readonly string[];
  /** What one of them has of this person, in pages; each document once. */
  read(collection: string, who: Person): AsyncIterable<PersonRecord>;
  /** Whether any of them has a document of this user alone. */
  knows(who: Person): Promise<boolean>;
  /** Users that the read model shows with this address, handle, code or DID, also after they were deleted. */
  keysOf(name: string): Promise<readonly UserKey[]>;
}
