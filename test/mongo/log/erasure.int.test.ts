import { expect, it } from 'vitest';
import type { ConcordEvent } from '../../../src/events/event.ts';
import { mentionsByType } from '../../../src/events/mentions.ts';
import { eventId } from '../../../src/identity.ts';
import { eraser } from '../../../src/mongo/log/erasure.ts';
import { eventLog } from '../../../src/mongo/log/event-log.ts';
import { alice, all, at, bob, type Person, signedUp, tenant } from '../subjects/people.ts';
import { openWorld } from '../world.ts';

const world = openWorld();
const ensure = async (): Promise<void> => undefined;

function received(id: string, who: Person, raw: string): ConcordEvent {
  return {
    _id: eventId(`main:evt_${id}`),
    user: who.user,
    tenant,
    type: 'auth0.event-received',
    at: at(1),
    recordedAt: at(2),
    cause: [],
    data: { eventId: `evt_${id}`, name: 'user.updated', hint: null, raw },
  };
}

it('of an event stream, what is a user’s and what names the user is blanked, and nothing else', async () => {
  const db = world.fresh();
  const log = eventLog(db);
  const own = received('1', alice, '{"email":"alice@example.com"}');
  const naming = received('2', bob, `{"identities":["${alice.userId}"]}`);
  const other = received('3', bob, '{"email":"bob@example.com"}');
  const entry = { ...signedUp('4', bob, at(3)) };
  await log.append([own, naming, other, entry]);

  const who = { ...alice, addresses: ['alice@example.com'] };
  expect(await eraser(db).blankMentions(who, ensure)).toEqual({ events: 1, rejects: 0 });
  expect(await eraser(db).blankEvents(alice.user, ensure)).toBe(1);
  const raws = (await all(log.read({}))).map(({ _id, data }) => [_id, 'raw' in data ? data.raw : undefined]);
  expect(Object.fromEntries(raws)).toEqual({
    [own._id]: '',
    [naming._id]: '',
    [other._id]: '{"email":"bob@example.com"}',
    [entry._id]: '{"$where":"1","a.b":1}',
  });
});

it('of a run that was approved, the reason that names a user is blanked, and no other', async () => {
  const db = world.fresh();
  const log = eventLog(db);
  const run = eventId('run');
  const approved = (id: string, reason: string): ConcordEvent => ({
    ...{ _id: eventId(id), user: null, tenant, type: 'sweep.approved', at: at(1), recordedAt: at(1) },
    ...{ cause: [], data: { run, by: 'carol', reason } },
  });
  const granted: ConcordEvent = {
    ...{ _id: eventId('g'), user: bob.user, tenant, type: 'removal.granted', at: at(2), recordedAt: at(2) },
    ...{ cause: [], data: { run, by: 'carol', reason: `with ${alice.userId}` } },
  };
  const other = approved('b', 'they left, say the owners');
  await log.append([approved('a', 'alice@example.com asked'), other, granted]);

  const who = { ...alice, addresses: ['alice@example.com'] };
  expect(await eraser(db).blankMentions(who, ensure)).toEqual({ events: 2, rejects: 0 });
  const reasons = (await all(log.read({}))).map(({ _id, data }) => [_id, 'reason' in data && data.reason]);
  expect(Object.fromEntries(reasons)).toEqual({ a: '', b: 'they left, say the owners', g: '' });
});

it('blanks every place of every type where another user’s event may name the user, and leaves those that stay', async () => {
  const db = world.fresh();
  const log = eventLog(db);
  const value = { key: alice.user, id: alice.userId, text: `x ${alice.userId} y`, payload: alice.userId };
  const places = mentionsByType().flatMap(([type, mentions]) =>
    mentions.filter(({ field }) => !field.includes('.')).map((mention) => ({ type, ...mention })),
  );
  const events = places.map(({ type, field, names }, at_) => ({
    ...{ _id: `${type} ${field}`, user: bob.user, tenant, type, at: at(at_), recordedAt: at(at_), cause: [] },
    data: { [field]: value[names], other: 'stays' },
  }));
  await log.append(events as unknown as readonly ConcordEvent[]);
  const who = { ...alice, addresses: ['alice@example.com'] };
  const blanked = places.filter(({ blank }) => blank !== undefined);
  expect(await eraser(db).blankMentions(who, ensure)).toEqual({ events: blanked.length, rejects: 0 });
  const after = new Map((await all(log.read({}))).map(({ _id, data }) => [String(_id), data]));
  for (const { type, field, names, blank } of places)
    expect(after.get(`${type} ${field}`)).toEqual({
      other: 'stays',
      ...(blank ?? { [field]: value[names] }),
    });
  expect(await eraser(db).blankMentions(who, ensure)).toEqual({ events: 0, rejects: 0 });
});
