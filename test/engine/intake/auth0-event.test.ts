import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { eventSource } from '../../../src/engine/intake/auth0-event.ts';
import { type LogTenant, MAX_ENTRY_BYTES } from '../../../src/engine/intake/delivered.ts';
import { parseTenantId } from '../../../src/identity.ts';

const RECEIVED_AT = new Date('2025-10-16T08:00:01.000Z');
const CREATED: Record<string, unknown> = JSON.parse(
  readFileSync(new URL('../../fixtures/auth0-event-stream.user-created.json', import.meta.url), 'utf8'),
);
const IDENTITY =
  '{"provider":"google-oauth2","user_id":"104500000000000000001","connection":"google-oauth2"}';
const CAROL = 'google-oauth2|104500000000000000001';

function tenant(): LogTenant {
  const id = parseTenantId('sotce');
  if (id === undefined) throw new Error('not a tenant id');
  return { id, keyPrefix: 'sotce-' };
}

/** All of it but what is said of its identities. */
function keptOf(event: Record<string, unknown>): string {
  return JSON.stringify(event).replace(/"identities":\[.*?\]/, `"identities":[${IDENTITY}]`);
}

function translated(more: Record<string, unknown>) {
  return eventSource.translate({ ...CREATED, ...more }, tenant(), RECEIVED_AT);
}

describe('an event about a user', () => {
  it.each([
    ['user.created', null],
    ['user.updated', null],
    ['user.deleted', 'deleted'],
  ])('%s makes the user due, with the hint %s', (type, hint) => {
    const event = { ...CREATED, type };
    expect(eventSource.translate(event, tenant(), RECEIVED_AT)).toEqual({
      type: 'accepted',
      event: {
        _id: 'sotce:evt_0000000000000000000001',
        user: `sotce-${CAROL}`,
        tenant: 'sotce',
        type: 'auth0.event-received',
        at: new Date('2025-10-16T08:00:00.100Z'),
        recordedAt: RECEIVED_AT,
        cause: [],
        data: { eventId: 'evt_0000000000000000000001', name: type, hint, raw: keptOf(event) },
      },
      trigger: {
        user: `sotce-${CAROL}`,
        tenant: 'sotce',
        userId: CAROL,
        cause: 'sotce:evt_0000000000000000000001',
      },
    });
  });

  it('is never taken for a log entry with the same id', () => {
    expect(translated({ id: '900' })).toMatchObject({ event: { _id: 'sotce:evt_900' } });
  });

  it.each([
    ['missing', undefined],
    ['no date', 'yesterday'],
    ['far ahead of our clock', '2099-01-01T00:00:00Z'],
  ])('a time that is %s is not believed', (_what, time) => {
    const { event } = translated({ time }) as { event: { at: Date } };
    expect(Math.abs(event.at.getTime() - RECEIVED_AT.getTime())).toBeLessThanOrEqual(5 * 60_000);
  });
});

it.each([
  ['of another kind', { type: 'organization.member.added' }],
  ['of a kind that is new', { type: 'user.enlightened' }],
  ['that a person sent to try the stream', { a0purpose: 'test' }],
])('an event %s is ignored', (_what, more) => {
  expect(translated(more)).toMatchObject({ type: 'ignored' });
});

it('an event whose user_id is not provider|id names no user', () => {
  for (const user_id of ['undefined', 'nobody1'])
    expect(translated({ data: { object: { user_id } } })).toEqual({
      type: 'ignored',
      reason: 'not-a-user-id',
    });
});

it.each([
  ['id is missing', { id: undefined }],
  ['id is longer than 200 characters', { id: 'x'.repeat(201) }],
  ['type is not a string', { type: 7 }],
  ['data.object.user_id is missing', { data: 'x' }],
  ['data.object.user_id is missing', { data: { object: { user_id: '' } } }],
  ['data.object.user_id is not a string', { data: { object: { user_id: {} } } }],
  [`the event is larger than ${MAX_ENTRY_BYTES} bytes`, { more: 'x'.repeat(MAX_ENTRY_BYTES) }],
])('%s: rejected, with the text as it came', (reason, more) => {
  const rejected = translated(more);
  expect(rejected).toMatchObject({ type: 'rejected', reason });
});

it('what is no object is rejected, and what cannot be written down keeps its id', () => {
  expect(eventSource.translate(7, tenant(), RECEIVED_AT)).toEqual({
    type: 'rejected',
    reason: 'the event is not an object',
    raw: '7',
  });
  let deep: unknown = 1;
  for (let depth = 0; depth < 100_000; depth += 1) deep = [deep];
  expect(translated({ deep })).toEqual({
    type: 'rejected',
    reason: 'the event is nested too deeply to be kept',
    raw: '{"unwritable":true,"id":"evt_0000000000000000000001"}',
  });
});
