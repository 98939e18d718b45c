/** The account on the PDS once it exists, and its password. */
import { BLANKED_HANDLE } from '../../identity.ts';
import type { AccountEventData } from '../data/account.ts';
import { defineEvents } from '../definition.ts';
import { close, type FactsDraft, forgetAccount, own, see, sightRecord } from '../fold-draft.ts';
import { asItIs, byWhom, didOf, EVIDENCE, NONE, pseudonymisedDid, withoutAccountHandle } from './members.ts';

export const accountEvents = defineEvents<AccountEventData>({
  'account.recorded': {
    part: 'effect',
    follows: ['record-account'],
    summary: ({ handle, did }) => `${handle} ${did}`,
    evolve(facts, { data }) {
      facts.account = { ...facts.account, ...data };
      see(facts, data);
      sightRecord(facts, data.did);
      own(facts, data.handle);
      close(facts, 'account');
    },
    blank: withoutAccountHandle,
    mentions: NONE,
    pseudonymise: ({ did, handle }, as) => ({ did: as.did(did), handle: as.handle(handle) }),
  },
  'account.record-dropped': {
    part: 'effect',
    follows: ['drop-account-record'],
    summary: didOf,
    evolve: loseAccount,
    blank: asItIs,
    mentions: NONE,
    pseudonymise: pseudonymisedDid,
  },
  'account.remnant-deleted': {
    part: 'effect',
    follows: ['delete-remnant'],
    summary: didOf,
    evolve: loseAccount,
    blank: asItIs,
    mentions: NONE,
    pseudonymise: pseudonymisedDid,
  },
  'account.adopted': {
    part: 'effect',
    follows: ['adopt-account'],
    summary: ({ handle, did }) => `${handle} ${did}`,
    evolve(facts, event) {
      const { did, handle, email } = event.data;
      facts.account = { did, handle, ...(email === null ? {} : { email }) };
      see(facts, undefined);
      sightRecord(facts, did);
      facts.adoption = undefined;
      // Of another account, or of this one before it was this user's.
      facts.passwordRefused = false;
      own(facts, handle, email ?? undefined);
      close(facts, 'account');
    },
    blank: (data) => ({ ...data, handle: BLANKED_HANDLE, email: null, evidence: [] }),
    mentions: EVIDENCE,
    pseudonymise: ({ did, handle, email, evidence, ...rest }, as) => ({
      ...{ ...rest, did: as.did(did), handle: as.handle(handle) },
      ...{ email: email === null ? null : as.email(email), evidence: evidence.map((one) => as.text(one)) },
    }),
  },
  'account.deactivated': {
    part: 'effect',
    follows: ['deactivate-account'],
    summary: ({ did, because }) => `${did} because ${because}`,
    evolve(facts, event) {
      facts.deactivated = event.data.because;
      close(facts, 'account');
    },
    blank: asItIs,
    mentions: NONE,
    pseudonymise: (data, as) => ({ ...data, did: as.did(data.did) }),
  },
  'account.reactivated': {
    part: 'effect',
    follows: ['reactivate-account'],
    summary: didOf,
    evolve(facts) {
      facts.deactivated = undefined;
      close(facts, 'account');
    },
    blank: asItIs,
    mentions: NONE,
    pseudonymise: pseudonymisedDid,
  },
  'account.deleted': {
    part: 'effect',
    follows: ['delete-account'],
    summary: didOf,
    evolve(facts) {
      forgetAccount(facts);
      facts.accountDeleted = true;
      facts.deactivated = undefined;
      close(facts, 'account');
    },
    blank: asItIs,
    mentions: NONE,
    pseudonymise: pseudonymisedDid,
  },
  'password.refused': {
    part: 'decided',
    summary: didOf,
    evolve(facts) {
      facts.passwordRefused = true;
    },
    blank: asItIs,
    mentions: NONE,
    pseudonymise: pseudonymisedDid,
  },
  'password.accepted': {
    part: 'decided',
    summary: didOf,
    evolve(facts) {
      facts.passwordRefused = false;
    },
    blank: asItIs,
    mentions: NONE,
    pseudonymise: pseudonymisedDid,
  },
  'password-reset.granted': {
    part: 'decided',
    summary: byWhom,
    evolve(facts) {
      facts.passwordResetGranted = true;
    },
    blank: asItIs,
    mentions: NONE,
    pseudonymise: ({ by }, as) => ({ by: as.text(by) }),
  },
  'password.reset': {
    part: 'effect',
    follows: ['reset-password'],
    summary: didOf,
    evolve(facts) {
      facts.passwordRefused = false;
      facts.passwordResetGranted = false;
      close(facts, 'account');
    },
    blank: asItIs,
    mentions: NONE,
    pseudonymise: pseudonymisedDid,
  },
});

function loseAccount(facts: FactsDraft): void {
  forgetAccount(facts);
  close(facts, 'account');
}
