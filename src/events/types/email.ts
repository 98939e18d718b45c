/** The address of the account. */
import type { EmailEventData } from '../data/email.ts';
import { defineEvents } from '../definition.ts';
import { close, type FactsDraft, see } from '../fold-draft.ts';
import type { Pseudonyms } from '../pseudonyms.ts';
import { didOf, NONE, NOTHING } from './members.ts';

type Parking = EmailEventData['email.parking-intended'];

export const emailEvents = defineEvents<EmailEventData>({
  'email.changed': {
    part: 'effect',
    follows: ['change-email'],
    summary: didOf,
    evolve(facts, event) {
      if (facts.parked?.from === event.data.to) facts.parkingEndedAt = event.at;
      facts.parked = undefined;
      changeAddress(facts, event.data.to);
    },
    blank: (data) => ({ ...data, to: NOTHING }),
    mentions: NONE,
    pseudonymise: (data, as) => ({ ...data, did: as.did(data.did), to: as.email(data.to) }),
  },
  'email.refused': {
    part: 'step',
    follows: ['change-email'],
    summary: ({ reason }) => reason,
    evolve(facts, event) {
      facts.refusedEmails.set(event.data.email, { reason: event.data.reason, at: event.at });
      close(facts, 'email');
    },
    blank: (data) => ({ ...data, email: NOTHING }),
    mentions: NONE,
    pseudonymise: (data, as) => ({ ...data, email: as.email(data.email) }),
  },
  'email.parking-intended': {
    part: 'step',
    follows: ['park-email'],
    summary: didOf,
    evolve(facts, event) {
      facts.parked = { ...event.data, at: event.at };
    },
    blank: withoutAddresses,
    mentions: NONE,
    pseudonymise: pseudonymisedParking,
  },
  'email.parked': {
    part: 'effect',
    follows: ['park-email'],
    summary: didOf,
    evolve(facts, event) {
      changeAddress(facts, event.data.to);
    },
    blank: withoutAddresses,
    mentions: NONE,
    pseudonymise: pseudonymisedParking,
  },
});

function changeAddress(facts: FactsDraft, email: string): void {
  if (facts.account !== undefined) facts.account = { ...facts.account, email };
  see(facts, { email });
  close(facts, 'email');
}

function withoutAddresses<Data extends Parking>(data: Data): Data {
  return { ...data, from: NOTHING, to: NOTHING };
}

function pseudonymisedParking<Data extends Parking>(data: Data, as: Pseudonyms): Data {
  // A parked address is derived from the DID, so the DID has its pseudonym first.
  const did = as.did(data.did);
  return { ...data, did, from: as.email(data.from), to: as.email(data.to) };
}
