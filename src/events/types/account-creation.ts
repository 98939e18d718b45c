/** The creation of an account: a call that cannot be repeated, so that its intent and each of its endings are events. */
import { BLANKED_HANDLE, parseAccountHandle } from '../../identity.ts';
import type { AccountCreationEventData } from '../data/account-creation.ts';
import { defineEvents } from '../definition.ts';
import { close, giveUp, own, see, sight, sightRecord } from '../fold-draft.ts';
import { word } from '../pseudonyms.ts';
import { asItIs, NONE, NOTHING } from './members.ts';

export const accountCreationEvents = defineEvents<AccountCreationEventData>({
  'account.creation-intended': {
    part: 'step',
    follows: ['create-account'],
    summary: ({ handle }) => handle,
    evolve(facts, event) {
      giveUp(facts);
      facts.creationFailure = undefined;
      facts.intent = { event: event._id, at: event.at, ...event.data };
    },
    blank: (data) => ({ ...data, handle: BLANKED_HANDLE, email: NOTHING }),
    mentions: NONE,
    pseudonymise: ({ handle, email, inviteHash }, as) => ({
      ...{ handle: as.handle(handle), email: as.email(email), inviteHash: as.inviteHash(inviteHash) },
    }),
  },
  'account.creation-refused': {
    part: 'step',
    follows: ['create-account'],
    summary: ({ field, reason }) => `${field} ${reason}`,
    evolve(facts, event) {
      // Of a creation that was held up past its lease: what was refused by then is what another worker of ours had made.
      if (facts.intent?.event !== event.data.intent) return;
      const refusals = event.data.field === 'handle' ? facts.refusedHandles : facts.refusedEmails;
      refusals.set(event.data.value, { reason: event.data.reason, at: event.at });
      facts.intent = undefined;
      close(facts, 'account');
    },
    blank: (data) => ({ ...data, value: NOTHING }),
    mentions: NONE,
    pseudonymise({ intent, field, value, reason }, as) {
      const handle = field === 'handle' ? parseAccountHandle(value) : undefined;
      const other = handle === undefined ? as.email(value) : as.handle(handle);
      return { intent: as.event(intent), field, value: other, reason };
    },
  },
  'account.creation-failed': {
    part: 'step',
    follows: ['create-account'],
    summary: ({ code }) => code,
    evolve(facts, event) {
      if (facts.intent?.event === event.data.intent) facts.creationFailure = event.data.code;
    },
    blank: asItIs,
    mentions: NONE,
    pseudonymise: ({ intent, code }, as) => ({ intent: as.event(intent), code: word(code) }),
  },
  'account.creation-abandoned': {
    part: 'step',
    follows: ['create-account', 'abandon-creation'],
    summary: ({ reason }) => reason,
    evolve(facts, event) {
      if (event.data.reason === 'no-account-came-of-it') {
        facts.possiblyLeakedDids += 1;
        facts.creationFailedAt = facts.intent?.at ?? event.at;
      }
      giveUp(facts);
      close(facts, 'account');
    },
    blank: asItIs,
    mentions: NONE,
    pseudonymise: (data, as) => ({ ...data, intent: as.event(data.intent) }),
  },
  'inactive-accounts.listed': {
    part: 'step',
    follows: ['list-inactive-accounts'],
    summary: ({ accounts }) => `${accounts} ${accounts === 1 ? 'account' : 'accounts'}`,
    evolve(facts, event) {
      facts.inactiveListedAt = event.at;
      facts.openActions = facts.openActions.filter(({ type }) => type !== 'list-inactive-accounts');
    },
    blank: asItIs,
    mentions: NONE,
    pseudonymise: asItIs,
  },
  'account.created': {
    part: 'effect',
    follows: ['create-account', 'complete-creation', 'resolve-creation', 'record-account'],
    summary: ({ handle, did }) => `${handle} ${did}`,
    evolve(facts, { data }) {
      const { did, handle, email } = data;
      facts.accountDeleted = false;
      facts.deactivated = undefined;
      facts.account = { did, handle, email };
      // A user with an account adopts no other: the grant would wait for the day that this one is gone.
      facts.adoption = undefined;
      see(facts, undefined);
      if (data.documented === false) sight(facts, { account: did });
      else sightRecord(facts, did);
      own(facts, handle, email);
      close(facts, 'account');
    },
    blank: (data) => ({ ...data, handle: BLANKED_HANDLE, email: NOTHING }),
    mentions: NONE,
    pseudonymise: ({ did, handle, email, ...rest }, as) => ({
      ...{ ...rest, did: as.did(did), handle: as.handle(handle), email: as.email(email) },
    }),
  },
});
