import { describe, expect, it } from 'vitest';
import { streamStatus } from '../../src/engine/intake/stream-status.ts';
import type { GapCause } from '../../src/events/data/runs.ts';
import type { ConcordEvent, EventData } from '../../src/events/event.ts';
import { type Gap, isHealedBySweep, openGapsIn } from '../../src/events/gap.ts';
import { eventId } from '../../src/identity.ts';
import type { LogStream } from '../../src/ports/auth0.ts';
import { at, otherTenant, tenant } from '../mongo/subjects/people.ts';

function line<T extends 'gap.opened' | 'gap.closed'>(
  id: string,
  type: T,
  data: EventData[T],
  of = tenant,
): ConcordEvent {
  const common = { _id: eventId(id), user: null, tenant: of, at: at(1), recordedAt: at(1), cause: [] };
  return { ...common, type, data } as unknown as ConcordEvent;
}

function opened(id: string, cause: GapCause, from: number, until: number | null, of = tenant): ConcordEvent {
  const data = {
    cause,
    from: at(from).toISOString(),
    until: until === null ? null : at(until).toISOString(),
  };
  return line(id, 'gap.opened', data, of);
}

const closed = (id: string, gap: string) => line(id, 'gap.closed', { gap: eventId(gap), by: 'sweep' });

describe('open gaps', () => {
  it('are those that were opened and not closed, oldest first, whatever the order of the events', () => {
    const events = [
      closed('4', '1'),
      opened('3', 'stream-paused', 30, null),
      opened('2', 'retention-passed', 20, 25),
      opened('1', 'retention-passed', 10, 15),
      opened('5', 'pull-failing', 1, null, otherTenant),
    ];
    const open = [
      { id: '2', tenant, cause: 'retention-passed', from: at(20), until: at(25) },
      { id: '3', tenant, cause: 'stream-paused', from: at(30), until: undefined },
    ];
    expect(openGapsIn(events, tenant)).toEqual(open);
    expect(openGapsIn([...events].reverse(), tenant)).toEqual(open);
    expect(openGapsIn([], tenant)).toEqual([]);
  });
});

describe('a complete sweep', () => {
  const gap = (cause: GapCause, until: Date | undefined): Gap => ({
    id: eventId('1'),
    tenant,
    cause,
    from: at(10),
    until,
  });
  it.each([
    ['retention-passed', 20, 21, true],
    ['checkpoint-gone', 20, 21, true],
    ['retention-passed', 20, 20, false],
    ['retention-passed', 20, 19, false],
    ['pull-failing', undefined, 99, false],
    ['stream-paused', undefined, 99, false],
    ['stream-suspended', undefined, 99, false],
    ['stream-missing', undefined, 99, false],
  ] as const)('%s until %s: begun at %s, it heals: %s', (cause, until, begunAt, heals) => {
    const open = gap(cause, until === undefined ? undefined : at(until));
    expect(isHealedBySweep(open, at(begunAt))).toBe(heals);
  });
});

describe('the log stream', () => {
  const stream = (status: LogStream['status'], endpoint?: string): LogStream => ({
    id: 'lst_1',
    status,
    endpoint: endpoint ?? `https://proxy.example.com/concord/webhooks/auth0/${tenant}`,
  });
  it.each([
    ['active', [stream('active')], false],
    ['active, with a slash at the end', [stream('active', `https://x/webhooks/auth0/${tenant}/?a=b`)], false],
    ['active', [stream('suspended'), stream('active')], true],
    ['suspended', [stream('suspended'), stream('paused')], true],
    ['none', [], false],
    ['missing', [], true],
    ['none', [stream('active', `https://x/webhooks/auth0/${tenant}-2`)], false],
    ['none', [stream('active', `https://x/webhooks/auth0/${tenant}/events`)], false],
    ['none', [{ ...stream('active'), endpoint: undefined }, stream('active', 'no address')], false],
  ] as const)('%s', (standing, streams, wasThere) => {
    expect(streamStatus(streams, tenant, wasThere)).toBe(standing.split(',')[0]);
  });
});
