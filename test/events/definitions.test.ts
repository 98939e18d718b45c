/** Event types that a resource outside of Concord adds: each reader of the log goes by their definitions. */
import { beforeAll, describe, expect, it } from 'vitest';
import { pseudonymisedEvent } from '../../src/engine/operations/capture/pseudonymise-event.ts';
import { ConsistentPseudonyms } from '../../src/engine/operations/capture/pseudonyms.ts';
import { addressesIn, blanked, isPersonal } from '../../src/events/blank.ts';
import { chainOf, historyOf, partOf } from '../../src/events/causes.ts';
import { addEvents, eventTypes } from '../../src/events/definitions.ts';
import type { ConcordEvent, EventType } from '../../src/events/event.ts';
import { fold } from '../../src/events/fold.ts';
import { mentionsByType } from '../../src/events/mentions.ts';
import type { Resource } from '../../src/events/resources.ts';
import { summary } from '../../src/events/summary.ts';
import { eventId, type UserKey } from '../../src/identity.ts';
import { searchesFor } from '../../src/mongo/log/personal-data.ts';
import { alice, at, bob, tenant } from '../mongo/subjects/people.ts';
import { aliceEvent, observed } from '../support/in-memory/alice-events.ts';

declare module '../../src/events/event.ts' {
  interface EventData {
    'badge.awarded': { readonly name: string; readonly email: string; readonly by: UserKey };
    'badge.refused': { readonly code: string };
  }
}

interface Badges {
  readonly names: readonly string[];
  readonly refusals: number;
}

const badges = 'badges' as string as Resource;
const initial: Badges = { names: ['first'], refusals: 0 };
const definitions: Parameters<typeof addEvents<'badge.awarded' | 'badge.refused', Badges>>[1] = {
  initial,
  events: {
    'badge.awarded': {
      part: 'effect',
      follows: ['badges:award'],
      summary: ({ name }) => name,
      evolve: (state, { data }) => ({ ...state, names: [...state.names, data.name] }),
      blank: (data) => ({ ...data, email: '' }),
      mentions: [{ field: 'by', names: 'key' }],
      pseudonymise: ({ name, email, by }, as) => ({ name, email: as.email(email), by: as.user(by) }),
    },
    'badge.refused': {
      part: 'step',
      follows: ['badges:award'],
      summary: ({ code }) => code,
      evolve: (state) => ({ ...state, refusals: state.refusals + 1 }),
      blank: (data) => data,
      mentions: [],
      pseudonymise: (data) => data,
    },
  },
};

const intended = aliceEvent('actions.intended', 2, {
  actions: [
    { resource: badges, type: 'badges:award' },
    { resource: badges, type: 'badges:polish' },
    { resource: 'account', type: 'create-account' },
  ],
});
const refused = aliceEvent('badge.refused', 3, { code: 'TOO_MANY' });
const awarded = aliceEvent('badge.awarded', 4, { name: 'gold', email: 'Alice@example.com', by: bob.user });
const log = [observed(1), intended, refused, awarded];

const before = eventTypes();
const withoutBadges = fold(log);
// What `beforeAll` returns runs after all.
beforeAll(() => addEvents('badges', definitions));

describe('the events of a resource', () => {
  it('are listed with those of Concord', () => {
    expect(before).not.toContain('badge.awarded');
    expect(eventTypes()).toEqual([...before, 'badge.awarded', 'badge.refused']);
  });

  it('change the state of the resource, from the initial one on', () => {
    expect(fold([observed(1)]).independent.has('badges')).toBe(false);
    expect(fold(log).independent.get('badges')).toEqual({ names: ['first', 'gold'], refusals: 1 });
    expect(initial).toEqual({ names: ['first'], refusals: 0 });
  });

  it('are folded onto what is known, which stays as it was', () => {
    const known = fold(log.slice(0, 3));
    expect(fold([awarded], known)).toEqual(fold(log));
    expect(known.independent.get('badges')).toEqual({ names: ['first'], refusals: 1 });
  });

  it('change no other fact, but that an effect ends the open action which it follows from', () => {
    const openActions = withoutBadges.openActions.filter(({ type }) => type !== 'badges:award');
    const { independent } = fold(log);
    expect(fold(log)).toEqual({ ...withoutBadges, independent, openActions });
    expect(fold(log.slice(0, 3)).openActions).toHaveLength(3);
    expect(openActions.map(({ type }) => type)).toEqual(['badges:polish', 'create-account']);
  });

  it('have a summary and a part in a chain of causes', () => {
    expect([awarded, refused].map(summary)).toEqual(['gold', 'TOO_MANY']);
    expect([awarded, refused].map(({ type }) => partOf(type))).toEqual(['effect', 'step']);
  });

  it('follow from the actions that cause them', () => {
    const read = observed(1);
    const cause = (event: ConcordEvent, of: ConcordEvent) => ({ ...event, cause: [of._id] });
    const other = aliceEvent('actions.intended', 2, {
      actions: [{ resource: badges, type: 'badges:polish' }],
    });
    const flawOf = (event: ConcordEvent, log: readonly ConcordEvent[]) =>
      chainOf(event, historyOf([read, ...log])).flaw;
    expect(flawOf(cause(awarded, intended), [cause(intended, read)])).toBeUndefined();
    expect(flawOf(cause(awarded, other), [cause(other, read)])).toBe('was never intended');
    expect(flawOf(awarded, [])).toBe('follows from nothing');
  });

  it('are blanked, and pseudonymised', () => {
    expect(blanked(awarded)).toEqual({ ...awarded, data: { name: 'gold', email: '', by: bob.user } });
    expect([awarded, blanked(awarded), refused].map(isPersonal)).toEqual([true, false, false]);
    expect(addressesIn([awarded])).toEqual(['alice@example.com']);
    const pseudonyms = new ConsistentPseudonyms(
      [{ id: tenant, keyPrefix: '', emailTag: undefined }],
      '.at.test',
    );
    const other = pseudonymisedEvent(awarded, pseudonyms);
    expect(other.type).toBe('badge.awarded');
    expect(other.data).toEqual({ name: 'gold', email: 'person-1@mail.invalid', by: 'auth0|person-2' });
  });

  it('are searched for mentions of a user', () => {
    expect(new Map(mentionsByType()).get('badge.awarded')).toEqual([{ field: 'by', names: 'key' }]);
    const searches = searchesFor({ ...alice, addresses: [] });
    expect(searches).toContainEqual(
      expect.objectContaining({ collection: 'events', walked: { type: 'badge.awarded' }, field: 'data.by' }),
    );
  });

  it('are added once', () => {
    expect(() => addEvents('badges', definitions)).toThrow('badges: the event type badge.awarded is defined');
    const own = { ...definitions.events['badge.refused'] };
    const added = { initial, events: { 'badge.unheard-of': own, 'account.created': own } };
    // @ts-expect-error: no type that Concord has can be added, and none without data.
    expect(() => addEvents('badges', added)).toThrow('account.created');
    expect(eventTypes()).not.toContain('badge.unheard-of');
  });
});

describe('an event of a type that only a newer version knows', () => {
  const unknown = {
    ...aliceEvent('badge.refused', 5, { code: 'x' }),
    type: 'badge.lost' as EventType,
  } as ConcordEvent;

  it('is in the order of the events, and changes nothing else', () => {
    expect(fold([observed(1), unknown])).toEqual({
      ...fold([observed(1)]),
      ...{ newestAt: at(5), newestEvent: eventId('e-000005') },
    });
  });

  it('has no summary and no part, and follows from nothing that is known', () => {
    expect(summary(unknown)).toBe('');
    expect(partOf(unknown.type)).toBeUndefined();
    expect(chainOf(unknown, historyOf([unknown])).flaw).toBeUndefined();
  });

  it('is not blanked, since what is personal in it is not known', () => {
    expect(() => blanked(unknown)).toThrow('badge.lost');
    expect(() => isPersonal(unknown)).toThrow('badge.lost');
  });

  it('is pseudonymised without its data', () => {
    const pseudonyms = new ConsistentPseudonyms(
      [{ id: tenant, keyPrefix: '', emailTag: undefined }],
      '.at.test',
    );
    expect(pseudonymisedEvent(unknown, pseudonyms)).toMatchObject({
      type: 'badge.lost',
      data: {},
      at: at(5),
    });
  });
});
