/** A log that an earlier version wrote, with every event type, reads as it read then. */
import { readFileSync } from 'node:fs';
import { BSON } from 'mongodb';
import { describe, expect, it, test } from 'vitest';
import { pseudonymisedEvent } from '../../src/engine/operations/capture/pseudonymise-event.ts';
import { ConsistentPseudonyms } from '../../src/engine/operations/capture/pseudonyms.ts';
import { blanked, isPersonal } from '../../src/events/blank.ts';
import { chainOf, historyOf, partOf } from '../../src/events/causes.ts';
import { eventTypes } from '../../src/events/definitions.ts';
import type { ConcordEvent } from '../../src/events/event.ts';
import { fold } from '../../src/events/fold.ts';
import { mentionsByType } from '../../src/events/mentions.ts';
import { summary } from '../../src/events/summary.ts';
import { otherTenant, tenant } from '../mongo/subjects/people.ts';

interface Fixture {
  readonly mentions: Readonly<Record<string, unknown>>;
  readonly users: readonly {
    readonly user: string | null;
    readonly facts: object;
    readonly events: readonly { readonly stored: object; readonly read: { readonly blanked?: unknown } }[];
  }[];
}

const { mentions, users }: Fixture = JSON.parse(
  readFileSync(new URL('../fixtures/stored-events.json', import.meta.url), 'utf8'),
);
const logs = users.map(({ user, facts, events }) => ({
  ...{ name: `${user ?? 'the tenant'}, ${events.length} events`, facts, events },
  stored: events.map(({ stored }) => BSON.EJSON.deserialize(stored) as ConcordEvent),
}));

describe('the events that an earlier version stored', () => {
  test('are of every type', () => {
    const types = new Set(logs.flatMap(({ stored }) => stored.map(({ type }) => type)));
    expect(eventTypes().filter((type) => !types.has(type))).toEqual([]);
    expect(
      mentionsByType()
        .map(([type]) => type)
        .sort(),
    ).toEqual([...types].sort());
  });

  test('mention others where they did', () => {
    expect(Object.fromEntries(mentionsByType())).toEqual(mentions);
  });

  it.each(logs)('lead to the same facts: $name', ({ stored, facts }) => {
    const read = plain(fold(stored)) as Readonly<Record<string, unknown>>;
    // Facts that were added since are not in it.
    const known = Object.fromEntries(Object.keys(facts).map((name) => [name, read[name]]));
    expect(known).toEqual(facts);
  });

  it.each(logs)('read the same: $name', ({ stored, events }) => {
    const history = historyOf(stored);
    const tenants = [
      { id: tenant, keyPrefix: '', emailTag: undefined },
      { id: otherTenant, keyPrefix: 'second-', emailTag: 'second' },
    ];
    const pseudonyms = new ConsistentPseudonyms(tenants, '.at.test');
    const read = stored.map((event) => ({
      ...{ summary: summary(event), part: partOf(event.type), flaw: chainOf(event, history).flaw },
      blanked: isPersonal(event) ? blanked(event).data : undefined,
      pseudonymised: pseudonymisedEvent(event, pseudonyms).data,
    }));
    expect(read.map(plain)).toEqual(events.map((event) => event.read));
  });

  it.each(logs)('keep all but their data when they are blanked or pseudonymised: $name', ({ stored }) => {
    for (const event of stored) {
      expect({ ...blanked(event), data: undefined }).toEqual({ ...event, data: undefined });
      const { type, at, recordedAt } = event;
      const pseudonyms = new ConsistentPseudonyms(
        [{ id: tenant, keyPrefix: '', emailTag: undefined }],
        '.at.test',
      );
      expect(pseudonymisedEvent(event, pseudonyms)).toMatchObject({ type, at, recordedAt });
    }
  });
});

/** As JSON, with what has no order sorted. */
function plain(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Set) return [...value].map(plain).sort();
  if (value instanceof Map) return sortedRows(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(fields.map(([name, field]) => [name, plain(field)]));
}

function sortedRows(map: ReadonlyMap<unknown, unknown>): unknown {
  const rows = [...map].map((row) => ({ row: plain(row), text: JSON.stringify(row) }));
  return rows.sort((a, b) => (a.text < b.text ? -1 : 1)).map(({ row }) => row);
}
