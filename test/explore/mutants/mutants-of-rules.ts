/** Seeded bugs against the rules of what is removed, of codes, of blocked and deleted users, and of open intents. */
import { UpstreamError } from '../../../src/errors.ts';
import type { ConcordEvent } from '../../../src/events/event.ts';

import type { Documents } from '../../../src/ports/documents.ts';
import { alice, code, handle } from '../../mongo/subjects/people.ts';
import { auth0User } from '../../support/in-memory/world.ts';
import type { Mutant } from './mutant.ts';
import { against, believes, forged, lacks, on, says, sees, unshown } from './mutant-layers.ts';

const OTHER_CODE = code('ac26vavav');

const without = (documents: Documents, code: RegExp): Documents =>
  documents.user?.code !== undefined && code.test(documents.user.code)
    ? { ...documents, user: { ...documents.user, code: undefined } }
    : documents;

const SIGN_UP = 'a sign-up with a verified email';
const ERASED_UNHEARD = 'an erasure of a user whom a sweep saw first, unheard';

const lacking = (events: ConcordEvent[], ...types: ConcordEvent['type'][]): ConcordEvent[] =>
  events.filter(({ type }) => !types.includes(type));

/** A pass that said nothing of the verification. */
const unverified = (event: ConcordEvent): ConcordEvent =>
  event.type === 'converged'
    ? {
        ...event,
        data: {
          ...event.data,
          conditions: event.data.conditions.filter(({ type }) => type !== 'verification'),
        },
      }
    : event;

const removals: readonly Mutant[] = [
  against('W1', ERASED_UNHEARD, lacks('subject.observed'), 'platform'),
  against('W1', 'an erasure of a user whom Concord has never seen', lacks('resource.removed')),
  against(
    'W1',
    'by hand: the verification',
    believes('a verification is not known to have been there', (events) =>
      lacking(events, 'verification.recorded', 'subject.observed', 'resource.removed').map(unverified),
    ),
  ),
  against(
    'W1',
    'by hand: the users document',
    believes('a document is not known to have been there', (events) =>
      lacking(
        events,
        ...(['user-document.created', 'code.assigned', 'account.created'] as const),
        ...(['subject.observed', 'resource.removed'] as const),
      ),
    ),
  ),
  against(
    'W1',
    'by hand: the account in the document',
    believes('the account in the document is not known to have been there', (events) =>
      lacking(events, 'account.created', 'subject.observed', 'resource.removed'),
    ),
  ),
  against(
    'W1',
    'by hand: the users document',
    believes('a decision to restore is forged', (events, run) =>
      forged(events, 'restore.granted', { by: 'nobody', what: ['user-document', 'account-record'] }, run),
    ),
  ),
  against(
    'W1',
    'by hand: the account on the PDS',
    believes('an account that was removed is taken for lost', (events, run) => {
      const account = run.world.factsOf(events[0]?.user ?? alice.user).account?.did;
      return forged(events, 'restore.granted', { by: 'nobody', what: ['account'], account }, run);
    }),
  ),
  against(
    'W1',
    'by hand: the verification',
    sees('while a verification is missing the rest goes on', (documents) =>
      documents.verificationCount === undefined && documents.user !== undefined
        ? { ...documents, verificationCount: 1 }
        : documents,
    ),
    'platform',
  ),
  against(
    'W1',
    'a verification that is removed while it is raised',
    {
      name: 'raising a verification creates one',
      inner: on('documents', (_documents, { world: { documents } }) => ({
        raiseVerification: async (user, atLeast) => {
          documents.verifications.set(user, Math.max(documents.verifications.get(user) ?? 0, atLeast));
          return 'raised' as const;
        },
      })),
    },
    'platform',
  ),
  {
    ...believes('a user who is back is taken for the one who was erased', (events) =>
      lacking(events, 'auth0.user-absent').map((event) =>
        event.type === 'auth0.user-observed'
          ? { ...event, data: { ...event.data, createdAt: new Date(0).toISOString() } }
          : event,
      ),
    ),
    where: 'an erasure, and the user comes back',
  },
];

const unwanted: readonly Mutant[] = [
  against(
    'W3',
    SIGN_UP,
    {
      name: 'a block is not seen',
      outer: on('auth0', (auth0) => ({
        user: async (id) => {
          const user = await auth0.user(id);
          return typeof user === 'object' ? { ...user, blocked: false } : user;
        },
      })),
    },
    'lives',
  ),
  against(
    'W3',
    SIGN_UP,
    {
      name: 'a deletion is not seen',
      outer: on('auth0', (auth0) => ({
        user: async (id) => {
          const user = await auth0.user(id);
          return user === 'absent' ? auth0User(alice) : user;
        },
      })),
    },
    'lives',
  ),
];

const codes: readonly Mutant[] = [
  against(
    'W4',
    'by hand: the code',
    believes('the code that the log has is not seen', (events) =>
      lacking(events, 'code.assigned', 'subject.observed'),
    ),
  ),
  against('W4', 'by hand: the code', {
    name: 'a code is not restored as it was',
    inner: on('documents', (documents) => ({
      assignCode: (user) => documents.assignCode(user, OTHER_CODE),
    })),
  }),
  against('W4', 'a deletion with two proofs, report', {
    name: 'a code that another user has is written',
    inner: on('documents', (documents, { world }) => ({
      createUser: async (user, code, when) => {
        const { users } = world.documents;
        const taken = [...users].find(([other, one]) => other !== user && one.code !== undefined)?.[1].code;
        if (taken === undefined || users.has(user)) return documents.createUser(user, code, when);
        users.set(user, { code: taken, when });
        return 'created' as const;
      },
    })),
  }),
  against(
    'a step failed with NOT_SETTLED',
    'a document with the older code ac3abcde',
    sees('a code with digits of its own is not read', (documents) => without(documents, /^ac3/)),
    'platform',
  ),
  against(
    'a step failed with NOT_SETTLED',
    'a document with the older code AC23Bebac',
    sees('a code in upper case is not read', (documents) => without(documents, /^AC/)),
    'platform',
  ),
  against(
    'a code was changed',
    'a document with the older code ac23lilia',
    {
      ...sees('a code that is not of the strict form is written over', (documents) =>
        without(documents, /^ac23li/),
      ),
      inner: on('documents', (documents, { world: { documents: stored } }) => ({
        assignCode: async (user, code) => {
          const known = stored.users.get(user);
          if (known === undefined) return documents.assignCode(user, code);
          stored.users.set(user, { ...known, code });
          return 'assigned' as const;
        },
      })),
    },
    'platform',
  ),
];

/** The answer of the first creation is lost, as it may be. */
const losing: NonNullable<Mutant['inner']> = on('accounts', (accounts, { watch }) => ({
  createAccount: async (wanted) => {
    const isFirst = watch.made.size === 0;
    const created = await accounts.createAccount(wanted);
    if (!isFirst) return created;
    const effect = { upstream: 'pds', code: 'TIMEOUT', retryable: true, effect: 'unknown' } as const;
    throw new UpstreamError('the answer was lost', effect);
  },
}));

const intents: readonly Mutant[] = [
  against(
    'W11',
    SIGN_UP,
    {
      ...believes('an open intent of a deleted user is not seen', (events, { world }) =>
        world.userOf(alice) === undefined ? lacking(events, 'account.creation-intended') : events,
      ),
      inner: losing,
    },
    'lives',
  ),
  against(
    'W11',
    SIGN_UP,
    {
      ...believes('an open intent of a blocked user is not seen', (events, { world }) =>
        world.userOf(alice)?.blocked === true ? lacking(events, 'account.creation-intended') : events,
      ),
      inner: losing,
    },
    'lives',
  ),
];

const sayings: readonly Mutant[] = [
  against(
    'untrue: verification Recorded',
    'by hand: the verification',
    says('what was removed is said to be there', (condition) =>
      condition.reason === 'DocumentRemoved' && condition.type === 'verification'
        ? { ...condition, status: 'True', reason: 'Recorded', held: false }
        : condition,
    ),
  ),
  against(
    'no command',
    'by hand: the users document',
    says('a held condition names no command', (condition) =>
      condition.held ? { ...condition, message: 'A person is needed.' } : condition,
    ),
  ),
  against(
    'untrue: auth0 UserKnown',
    'a deletion with two proofs, report',
    says('a deleted user is said to be known', (condition) =>
      condition.type === 'auth0' && condition.reason === 'UserGone'
        ? { ...condition, reason: 'UserKnown' }
        : condition,
    ),
  ),
  against(
    'untrue: account AccountActive',
    'by hand: the account on the PDS',
    says('there is always an account', (condition) =>
      condition.type === 'account'
        ? { ...condition, status: 'True', reason: 'AccountActive', held: false }
        : condition,
    ),
  ),
];

const HIDDEN = 'a hidden account has the address, and is deleted';

const hidden: readonly Mutant[] = [
  against('W10: 3 DIDs leaked', `${HIDDEN}, swept`, {
    name: 'the index of inactive accounts is not asked',
    outer: on('inactive', () => ({ holdersOf: async () => new Map() })),
  }),
  against('W10: 3 DIDs leaked', HIDDEN, {
    name: 'a listing keeps nothing',
    outer: on('inactive', () => ({ keep: async () => undefined })),
  }),
  against('W10: 3 DIDs leaked', HIDDEN, {
    name: 'inactive accounts are always taken for listed',
    outer: on('inactive', (_index, run) => ({
      listing: async () => ({ refreshedAt: run.world.clock.now(), begunAt: undefined, nextAt: undefined }),
    })),
  }),
  against('after step 2', HIDDEN, {
    name: 'what the index says is not proved',
    outer: on('accounts', (accounts) => ({
      account: async (did) => {
        const found = await accounts.account(did);
        if (found !== 'missing') return found;
        const stale = { did, handle: handle('somebody'), email: 'alice@example.com' };
        return { ...stale, inviteHash: undefined, state: 'deactivated' };
      },
    })),
  }),
];

const SPELLED = 'an address in two spellings, the tenant of the handle second';
const IN_THE_GRACE = 'a deleted user whose address another user verifies in the grace, delete';
const UNHEARD = 'a deleted user whose address another user verifies after the grace, unheard, delete';
const LINKED = 'a user who is linked into another one, delete';

const blind = (name: string, ...methods: ('usersByEmail' | 'usersByIdentity' | 'successorsOf')[]): Mutant => {
  const none = Object.fromEntries(methods.map((method) => [method, async () => []]));
  return {
    name,
    outer: (ports, run) =>
      (['auth0', 'secondAuth0', 'subjects'] as const).reduce(
        (all, port) => on(port, () => none)(all, run),
        ports,
      ),
  };
};

const persons: readonly Mutant[] = [
  against('W7', UNHEARD, blind('Auth0 is not asked for the address of a deleted user', 'usersByEmail')),
  against('W7', IN_THE_GRACE, blind('nobody has the address', 'usersByEmail', 'successorsOf')),
  against('W7', LINKED, blind('nobody has the identity', 'usersByIdentity', 'successorsOf')),
  against(
    'W15',
    SPELLED,
    unshown({ ...lacks('sister.named'), name: 'a linked user is not told that it was found' }),
  ),
  against(
    'W15',
    SPELLED,
    unshown(
      believes('that another user found this one is not read', (events) => lacking(events, 'sister.named')),
    ),
  ),
];

export const ruleMutants: readonly Mutant[] = [
  ...removals,
  ...unwanted,
  ...codes,
  ...intents,
  ...sayings,
  ...hidden,
  ...persons,
];
