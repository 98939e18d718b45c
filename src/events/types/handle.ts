/** The handle: that of the platform, and that of the account. */
import { BLANKED_HANDLE } from '../../identity.ts';
import type { HandleEventData } from '../data/handle.ts';
import { defineEvents } from '../definition.ts';
import { close, see } from '../fold-draft.ts';
import { NONE, withoutAccountHandle } from './members.ts';

export const handleEvents = defineEvents<HandleEventData>({
  'handle.observed': {
    part: 'learned',
    summary: ({ handle }) => (handle === null ? 'none' : `@${handle}`),
    evolve(facts, event) {
      facts.platformHandle = event.data.handle ?? undefined;
    },
    blank: () => ({ handle: null }),
    mentions: NONE,
    pseudonymise: ({ handle }, as) => ({ handle: handle === null ? null : as.platformHandle(handle) }),
  },
  'handle.changed': {
    part: 'effect',
    follows: ['change-handle'],
    summary: ({ from, to }) => `${from} to ${to}`,
    evolve(facts, event) {
      if (facts.account !== undefined) facts.account = { ...facts.account, handle: event.data.to };
      see(facts, { handle: event.data.to });
      close(facts, 'handle');
    },
    blank: (data) => ({ ...data, from: BLANKED_HANDLE, to: BLANKED_HANDLE }),
    mentions: NONE,
    pseudonymise: ({ did, from, to, ...rest }, as) => ({
      ...{ ...rest, did: as.did(did), from: as.handle(from), to: as.handle(to) },
    }),
  },
  'handle.recorded': {
    part: 'effect',
    follows: ['record-handle'],
    summary: ({ handle, did }) => `${handle} ${did}`,
    evolve(facts, { data }) {
      facts.account = { ...facts.account, ...data };
      see(facts, data);
      close(facts, 'handle');
    },
    blank: withoutAccountHandle,
    mentions: NONE,
    pseudonymise: ({ did, handle }, as) => ({ did: as.did(did), handle: as.handle(handle) }),
  },
  'handle.refused': {
    part: 'step',
    follows: ['change-handle'],
    summary: ({ handle, reason }) => `${handle} ${reason}`,
    evolve(facts, event) {
      facts.refusedHandles.set(event.data.handle, { reason: event.data.reason, at: event.at });
      close(facts, 'handle');
    },
    blank: withoutAccountHandle,
    mentions: NONE,
    pseudonymise: (data, as) => ({ ...data, handle: as.handle(data.handle) }),
  },
});
