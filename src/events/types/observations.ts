/** What was found, and what was removed by others. */

import { BLANKED_HANDLE } from '../../identity.ts';
import type { ObservationEventData } from '../data/observations.ts';
import { defineEvents } from '../definition.ts';
import type { EventOf } from '../event.ts';
import { type FactsDraft, keepCount, later, sight, sightRecord } from '../fold-draft.ts';
import { asItIs, NONE } from './members.ts';

/** The change stream has times in whole seconds: what it reports happened up to this much later. */
const STREAM_CLOCK_MS = 999;

export const observationEvents = defineEvents<ObservationEventData>({
  'subject.observed': {
    part: 'learned',
    summary({ account, code, document, verification, record }) {
      const seen = [
        account?.did ?? record,
        code,
        document && 'users document',
        verification !== undefined && 'verification',
      ].filter((one) => typeof one === 'string');
      return seen.length === 0 ? 'nothing' : seen.join(', ');
    },
    evolve(facts, { data }) {
      const { code, account } = data;
      facts.code ??= code ?? undefined;
      facts.seen = {
        code: code === null || code === facts.code ? undefined : code,
        account: account === null ? undefined : { ...account, email: account.email ?? undefined },
      };
      seeSubject(facts, data);
    },
    blank(data) {
      const { account } = data;
      return { ...data, account: account && { did: account.did, handle: BLANKED_HANDLE, email: null } };
    },
    mentions: NONE,
    pseudonymise({ code, account, record, ...rest }, as) {
      const seen = account && {
        ...{ did: as.did(account.did), handle: as.handle(account.handle) },
        email: account.email === null ? null : as.email(account.email),
      };
      return {
        ...{ ...rest, code: code === null ? null : as.code(code), account: seen },
        ...(record === undefined ? {} : { record: as.did(record) }),
      };
    },
  },
  'resource.removed': {
    part: 'learned',
    summary: ({ what, seenBy }) => `${what}, seen by ${seenBy === 'read' ? 'a read' : 'the change stream'}`,
    evolve(facts, event) {
      const { what, seenBy } = event.data;
      if (seenBy === 'change-stream') {
        // From before the user was created: of an earlier user with the same id.
        const atLatest = new Date(event.at.getTime() + STREAM_CLOCK_MS);
        const createdAt = facts.auth0?.createdAt;
        if (createdAt !== undefined && atLatest < createdAt) return;
        facts.removedAt = later(facts.removedAt, atLatest);
        if (what === 'verification') sight(facts, { verification: true });
        if (what === 'user-document') sight(facts, { document: true });
      }
      facts.removed.add(what);
    },
    blank: asItIs,
    mentions: NONE,
    pseudonymise: asItIs,
  },
});

/** In events from before first sights were recorded, a code or an account proves that there was a document. */
function seeSubject(
  facts: FactsDraft,
  { code, account, ...seen }: EventOf<'subject.observed'>['data'],
): void {
  const { verification, document, record, inSync } = seen;
  if (inSync === true) facts.seenInSync = true;
  if (verification !== undefined) {
    sight(facts, { verification: true });
    keepCount(facts, verification);
  }
  if (document !== undefined || code !== null) sight(facts, { document: true });
  if (document !== undefined) facts.removed.delete('code');
  if (typeof document?.when === 'string') facts.kept = { ...facts.kept, when: new Date(document.when) };
  // An account that the log does not know was found because the users document named it.
  const named = record ?? (account !== null && account.did !== facts.account?.did ? account.did : undefined);
  if (named !== undefined) sightRecord(facts, named);
  else if (account !== null) sight(facts, { account: account.did });
}
