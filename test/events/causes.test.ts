import { describe, expect, test } from 'vitest';
import { chainOf, historyOf } from '../../src/events/causes.ts';
import type { ConcordEvent, EventData, EventType } from '../../src/events/event.ts';
import { eventId } from '../../src/identity.ts';
import { aliceEvent, observed } from '../support/in-memory/alice-events.ts';

function from<T extends EventType>(
  type: T,
  seconds: number,
  data: EventData[T],
  ...causes: readonly ConcordEvent[]
): ConcordEvent {
  return { ...aliceEvent(type, seconds, data), cause: causes.map(({ _id }) => _id) };
}

const heard = aliceEvent('auth0.log-received', 1, { logId: '1', code: 'ss', hint: null, raw: '' });
const read = { ...observed(2), cause: [heard._id] };
const intends = (type: string): EventData['actions.intended'] => ({
  actions: [{ resource: 'verification', type }],
});
const intended = from('actions.intended', 3, intends('record-verification'), read);
const recorded = from('verification.recorded', 4, { count: 1 }, intended);
const looked = from('actions.intended', 3, intends('record-verification'));

const rows: readonly {
  reason: string;
  event: ConcordEvent;
  history: readonly ConcordEvent[];
  flaw?: string;
}[] = [
  { reason: 'from what was heard', event: recorded, history: [heard, read, intended] },
  {
    reason: 'from a look at somebody whom Auth0 spoke of before',
    event: from('verification.recorded', 4, { count: 1 }, looked),
    history: [{ ...read, cause: [] }, looked],
  },
  {
    reason: 'from a look at somebody whom Auth0 never spoke of',
    event: from('verification.recorded', 4, { count: 1 }, looked),
    history: [looked],
    flaw: 'rests on nothing that Auth0 reported',
  },
  {
    reason: 'from a look before Auth0 said anything',
    event: from('verification.recorded', 4, { count: 1 }, looked),
    history: [looked, observed(5)],
    flaw: 'rests on nothing that Auth0 reported',
  },
  {
    reason: 'without a cause',
    event: from('verification.recorded', 4, { count: 1 }),
    history: [heard, read, intended],
    flaw: 'follows from nothing',
  },
  {
    reason: 'from what was heard, without an intention',
    event: from('verification.recorded', 4, { count: 1 }, read),
    history: [heard, read],
    flaw: 'follows from nothing',
  },
  {
    reason: 'from an intention to do something else',
    event: from('code.assigned', 4, { code: 'ac26nobeb' as never }, intended),
    history: [heard, read, intended],
    flaw: 'was never intended',
  },
  {
    reason: 'from an event that is not in the log',
    event: recorded,
    history: [read, intended],
    flaw: 'rests on an event that is not in the log',
  },
  { reason: 'what was heard needs no cause', event: heard, history: [heard] },
];

describe('an event', () => {
  test.each(rows)('$reason', ({ event, history, flaw }) => {
    expect(chainOf(event, historyOf(history)).flaw).toBe(flaw);
  });

  test('has its causes the nearest first, each once, and begins where nothing caused anything', () => {
    const again = { ...recorded, _id: eventId('again'), cause: [intended._id, read._id] };
    const { links, origins, basis } = chainOf(again, historyOf([heard, read, intended]));
    expect(links).toEqual([intended, read, heard]);
    expect(origins).toEqual([heard]);
    expect(basis).toBeUndefined();
  });

  test('of a look rests on the last that Auth0 had said', () => {
    const first = observed(1);
    const second = observed(2);
    const event = from('verification.recorded', 4, { count: 1 }, looked);
    expect(chainOf(event, historyOf([second, first, looked, observed(9)])).basis).toEqual(second);
  });
});
