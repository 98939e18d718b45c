/** What Auth0 reported, and what was read of it. */
import type { Auth0EventData } from '../data/auth0.ts';
import { defineEvents, type Mention } from '../definition.ts';
import type { EventOf } from '../event.ts';
import type { Facts } from '../facts.ts';
import { withAuth0 } from '../fold-auth0.ts';
import { endFailures, type FactsDraft, later } from '../fold-draft.ts';
import { word } from '../pseudonyms.ts';
import { asItIs, NONE, NOTHING, noSummary } from './members.ts';

const RAW: readonly Mention[] = [{ field: 'raw', names: 'payload', blank: { raw: NOTHING } }];

export const auth0Events = defineEvents<Auth0EventData>({
  'auth0.log-received': {
    part: 'heard',
    summary: ({ code }) => code,
    evolve: hear,
    blank: (data) => ({ ...data, raw: NOTHING }),
    mentions: RAW,
    pseudonymise: ({ logId, code, hint }, as) => ({ logId: as.text(logId), code: word(code), hint, raw: '' }),
  },
  'auth0.event-received': {
    part: 'heard',
    summary: ({ name }) => name,
    evolve: hear,
    blank: (data) => ({ ...data, raw: NOTHING }),
    mentions: RAW,
    pseudonymise: ({ eventId, name, hint }, as) => ({
      ...{ eventId: as.text(eventId), name: word(name), hint, raw: '' },
    }),
  },
  'auth0.user-observed': {
    part: 'learned',
    summary({ email, emailVerified, blocked, linked = [], unusable = [] }) {
      const address = email === null ? 'no email' : emailVerified ? 'email verified' : 'email not verified';
      const identities = linked.length === 0 ? '' : `, linked identities: ${linked.length}`;
      const odd = unusable.length === 0 ? '' : `, not usable: ${unusable.join(', ')}`;
      return `${address}${blocked ? ', blocked' : ''}${identities}${odd}`;
    },
    evolve(facts, event) {
      Object.assign(facts, observed(facts, event));
    },
    blank: ({ linked: _linked, ...data }) => ({ ...data, email: null }),
    // Auth0 shows it as an identity of the other user.
    mentions: [{ field: 'linked', names: 'id' }],
    pseudonymise: ({ userId, email, linked, ...rest }, as) => ({
      ...{ ...rest, userId: as.userId(userId), email: email === null ? null : as.email(email) },
      // Sorted again: a read under other names must find the same list.
      ...(linked === undefined ? {} : { linked: linked.map((id) => as.userId(id)).sort() }),
    }),
  },
  'auth0.user-absent': {
    part: 'learned',
    summary: noSummary,
    evolve(facts, event) {
      facts.absentSince ??= event.at;
      facts.invalidSince = undefined;
      facts.auth0Event = event._id;
    },
    blank: asItIs,
    mentions: NONE,
    pseudonymise: ({ userId }, as) => ({ userId: as.userId(userId) }),
  },
  'auth0.user-invalid': {
    part: 'learned',
    summary: noSummary,
    evolve(facts, event) {
      facts.invalidSince ??= event.at;
      facts.absentSince = undefined;
      facts.auth0Event = event._id;
      // The conditions of earlier reconciliations are not about a user.
      facts.conditions = [];
      facts.unlistedSince = undefined;
      endFailures(facts);
    },
    blank: asItIs,
    mentions: NONE,
    pseudonymise: ({ userId }, as) => ({ userId: as.userId(userId) }),
  },
  'auth0.user-unlisted': {
    part: 'learned',
    summary: noSummary,
    evolve(facts, event) {
      facts.unlistedSince ??= event.at;
    },
    blank: asItIs,
    mentions: NONE,
    pseudonymise: ({ run }, as) => ({ run: as.event(run) }),
  },
});

/** By our clock: the entry's own date may be ahead, and would outlive the read that refutes it. */
function hear(
  facts: FactsDraft,
  { data, recordedAt }: EventOf<'auth0.log-received' | 'auth0.event-received'>,
): void {
  if (data.hint === 'deleted') facts.deletionHintAt = later(facts.deletionHintAt, recordedAt);
}

/** A user who is back in Auth0 starts anew: proofs and grants of an earlier absence are void. */
function observed(facts: Facts, { _id, at, data }: EventOf<'auth0.user-observed'>): Partial<Facts> {
  const { createdAt, email, linked, unusable, ...read } = data;
  const auth0 = {
    ...read,
    email: email ?? undefined,
    createdAt: createdAt === null ? undefined : new Date(createdAt),
    ...(linked === undefined ? {} : { linked }),
    ...(unusable === undefined ? {} : { unusable }),
  };
  const seen = withAuth0(facts, auth0, at);
  return {
    ...seen,
    verifiedEmail: read.emailVerified ? (auth0.email ?? seen.verifiedEmail) : seen.verifiedEmail,
    auth0Event: _id,
    invalidSince: undefined,
    unlistedSince: undefined,
    presentAt: at,
    removalGrantedAt: undefined,
    forgotten: false,
  };
}
