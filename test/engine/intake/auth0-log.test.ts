import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { logSource } from '../../../src/engine/intake/auth0-log.ts';
import {
  cutRaw,
  type LogTenant,
  MAX_ENTRY_BYTES,
  MAX_REJECT_RAW_LENGTH,
} from '../../../src/engine/intake/delivered.ts';
import type { TenantId } from '../../../src/identity.ts';
import { parseAuth0UserId, parseTenantId } from '../../../src/identity.ts';

const RECEIVED_AT = new Date('2025-10-16T08:00:00.000Z');
const ALICE = 'auth0|aaa000000000000000000001';
const BOB = 'auth0|bbb000000000000000000002';

const plain: LogTenant = { id: tenantId('aesthetic'), keyPrefix: '' };
const prefixed: LogTenant = { id: tenantId('sotce'), keyPrefix: 'sotce-' };

function tenantId(text: string): TenantId {
  const id = parseTenantId(text);
  if (id === undefined) throw new Error('not a tenant id');
  return id;
}

function fixture(name: string): string {
  return readFileSync(new URL(`../../fixtures/${name}`, import.meta.url), 'utf8');
}

function fixtureEntries(): unknown[] {
  return JSON.parse(fixture('auth0-logs.array.json'));
}

interface EntryParts {
  readonly log_id?: unknown;
  readonly data?: unknown;
}

function entry(data: Record<string, unknown>, outer: EntryParts = { log_id: 'log-1' }): unknown {
  return { ...outer, data: { type: 'ss', user_id: ALICE, date: '2025-10-14T13:29:20.565Z', ...data } };
}

function managementCall(method: string, path: unknown, more: Record<string, unknown> = {}): unknown {
  const { type = 'sapi', response } = more;
  return entry({ type, user_id: 'auth0|admin', details: { request: { method, path }, response } });
}

const accepted = (value: unknown, tenant = plain) => {
  const translation = logSource.translate(value, tenant, RECEIVED_AT);
  if (translation.type !== 'accepted')
    throw new Error(`expected an event, got ${JSON.stringify(translation)}`);
  return translation;
};

describe('the entries of the fixture', () => {
  const CAROL = 'google-oauth2|104500000000000000001';
  const rows: readonly (readonly [
    code: string,
    user: string | undefined,
    hint: 'deleted' | null,
    at: string,
  ])[] = [
    ['ss', ALICE, null, '2025-10-14T13:29:20.565Z'],
    ['sv', ALICE, null, '2025-10-14T13:31:02.101Z'],
    ['sv', BOB, null, '2025-10-14T14:00:09.000Z'],
    ['ss', BOB, null, '2025-10-14T13:59:41.500Z'],
    ['ss', ALICE, null, '2025-10-14T13:29:20.565Z'],
    ['sce', ALICE, null, '2025-10-15T08:12:00.000Z'],
    ['sapi', BOB, null, '2025-10-15T09:00:00.000Z'],
    ['sapi', BOB, 'deleted', '2025-10-15T09:05:00.000Z'],
    ['sdu', BOB, 'deleted', '2025-10-15T09:05:00.200Z'],
    ['s', CAROL, null, '2025-10-15T10:00:00.000Z'],
    ['ss', 'auth0|ccc000000000000000000003', null, '2025-10-15T10:30:00.000Z'],
    ['seccft', undefined, null, ''],
    ['sd', ALICE, null, '2025-10-15T10:32:00.000Z'],
    ['ss', 'auth0|ddd000000000000000000004', null, '2025-10-15T10:33:00.000Z'],
    ['zz_future_code', ALICE, null, '2025-10-15T10:34:00.000Z'],
  ];

  it.each(rows.map((row, index) => [index, ...row] as const))(
    '%i: %s is about %s',
    (index, code, user, hint, at) => {
      const value = fixtureEntries()[index];
      const translation = logSource.translate(value, prefixed, RECEIVED_AT);
      if (user === undefined) {
        expect(translation).toEqual({ type: 'ignored', reason: 'no-subject' });
        return;
      }
      expect(translation).toMatchObject({
        type: 'accepted',
        event: {
          user: `sotce-${user}`,
          tenant: 'sotce',
          type: 'auth0.log-received',
          at: new Date(at),
          recordedAt: RECEIVED_AT,
          cause: [],
          data: { code, hint, raw: JSON.stringify(value) },
        },
        trigger: { user: `sotce-${user}`, tenant: 'sotce', userId: user },
      });
    },
  );

  it('has a row for every entry', () => expect(fixtureEntries()).toHaveLength(rows.length));
});

describe('identity', () => {
  it('the id of the event is the tenant and the log_id, and the trigger names it', () => {
    const { event, trigger } = accepted(entry({}, { log_id: '900-A_b' }), prefixed);
    expect(event._id).toBe('sotce:900-A_b');
    expect(event.data).toMatchObject({ logId: '900-A_b' });
    expect(trigger?.cause).toBe(event._id);
  });

  it('log_id is taken from data when it is missing outside', () => {
    expect(accepted(entry({ log_id: 'inside' }, {})).event._id).toBe('aesthetic:inside');
    expect(accepted(entry({ log_id: 'inside' }, { log_id: null })).event._id).toBe('aesthetic:inside');
    expect(accepted(entry({ log_id: 'inside' }, { log_id: 'outside' })).event._id).toBe('aesthetic:outside');
  });
});

describe('the subject of a Management API entry is never the actor', () => {
  const rows: readonly (readonly [reason: string, value: unknown, user: string, hint: 'deleted' | null])[] = [
    [
      'a change names the user in the path',
      managementCall('patch', '/api/v2/users/auth0%7Cbob'),
      'auth0|bob',
      null,
    ],
    ['the path need not be encoded', managementCall('patch', '/api/v2/users/auth0|bob'), 'auth0|bob', null],
    [
      'an id may hold an encoded slash',
      managementCall('patch', '/api/v2/users/oidc%7Ca%2Fb'),
      'oidc|a/b',
      null,
    ],
    [
      'what is below the user concerns the user',
      managementCall('post', '/api/v2/users/auth0%7Cbob/roles'),
      'auth0|bob',
      null,
    ],
    [
      'a query is no part of the id',
      managementCall('patch', '/api/v2/users/auth0%7Cbob?x=1'),
      'auth0|bob',
      null,
    ],
    [
      'a whole URL is read like a path',
      managementCall('patch', 'https://t.auth0.com/api/v2/users/auth0%7Cbob'),
      'auth0|bob',
      null,
    ],
    [
      'a deletion of exactly the user',
      managementCall('DELETE', '/api/v2/users/auth0%7Cbob'),
      'auth0|bob',
      'deleted',
    ],
    [
      'a deletion of what is below the user',
      managementCall('delete', '/api/v2/users/auth0%7Cbob/roles'),
      'auth0|bob',
      null,
    ],
    [
      'a user who is linked into another one is that one’s affair, and not named',
      managementCall('post', '/api/v2/users/auth0%7Cbob/identities'),
      'auth0|bob',
      null,
    ],
    [
      'unlinking an identity deletes no user',
      managementCall('delete', '/api/v2/users/auth0%7Cbob/identities/x/y'),
      'auth0|bob',
      null,
    ],
    [
      'a read of secrets',
      managementCall('get', '/api/v2/users/auth0%7Cbob', { type: 'mgmt_api_read' }),
      'auth0|bob',
      null,
    ],
    [
      'a deletion that failed',
      managementCall('delete', '/api/v2/users/auth0%7Cbob', { type: 'fapi' }),
      'auth0|bob',
      null,
    ],
    [
      'a creation names the user in the answer',
      managementCall('post', '/api/v2/users', {
        response: { statusCode: 201, body: { user_id: 'auth0|bob' } },
      }),
      'auth0|bob',
      null,
    ],
  ];
  it.each(rows)('%s', (_reason, value, user, hint) => {
    const { event, trigger } = accepted(value);
    expect(trigger?.userId).toBe(user);
    expect(event.data.hint).toBe(hint);
  });

  it.each([
    ['another resource', managementCall('post', '/api/v2/clients')],
    ['a path that only begins alike', managementCall('get', '/api/v2/users-by-email/auth0%7Cbob')],
    ['the collection, not created in', managementCall('get', '/api/v2/users/')],
    ['a creation without an answer', managementCall('post', '/api/v2/users')],
    [
      'a creation with an unreadable answer',
      managementCall('post', '/api/v2/users', { response: 'created' }),
    ],
    ['a path that is no string', managementCall('patch', 7)],
    ['no details at all', entry({ type: 'sapi', user_id: 'auth0|admin' })],
  ])('ignored: %s', (_reason, value) => {
    expect(logSource.translate(value, plain, RECEIVED_AT)).toEqual({
      type: 'ignored',
      reason: 'no-subject',
    });
  });
});

describe('ignored: no subject', () => {
  it.each([[''], [null], [undefined]])('user_id %j', (user_id) => {
    expect(logSource.translate(entry({ type: 'seccft', user_id }), plain, RECEIVED_AT)).toEqual({
      type: 'ignored',
      reason: 'no-subject',
    });
  });
});

describe('ignored: an id that is not provider|id names no user', () => {
  const ids = [
    'undefined',
    'null',
    'nobody1',
    'alice@example.com',
    'k3@clients',
    'art-guest',
    '|x',
    'auth0|',
  ];
  it.each(ids)('%s', (user_id) => {
    const ignored = { type: 'ignored', reason: 'not-a-user-id' };
    for (const type of ['fce', 's', 'sdu', 'zz_future_code'])
      expect(logSource.translate(entry({ type, user_id }), plain, RECEIVED_AT)).toEqual(ignored);
    const path = `/api/v2/users/${encodeURIComponent(user_id)}`;
    for (const method of ['get', 'delete'])
      expect(logSource.translate(managementCall(method, path), plain, RECEIVED_AT)).toEqual(ignored);
  });

  it('whatever the id is, it names a user, or is ignored, or is rejected by its field', () => {
    const odd = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string(),
      fc.stringMatching(/^[a-z0-9-]{0,9}\|?.{0,9}$/),
    );
    fc.assert(
      fc.property(odd, (user_id) => {
        const translation = logSource.translate(entry({ type: 's', user_id }), plain, RECEIVED_AT);
        const id = parseAuth0UserId(user_id);
        if (translation.type === 'accepted') expect(translation.trigger?.userId).toBe(id);
        else if (translation.type === 'rejected') expect(translation.reason).toMatch(/^data.user_id /);
        else
          expect([id, translation.reason]).toEqual([
            undefined,
            user_id === '' ? 'no-subject' : 'not-a-user-id',
          ]);
      }),
    );
  });
});

describe('rejected, with the field and never the value', () => {
  const SECRET = 'SECRET-alice@example.com';
  const rows: readonly (readonly [reason: string, value: unknown])[] = [
    ['the entry is not an object', null],
    ['the entry is not an object', 1],
    ['the entry is not an object', SECRET],
    ['the entry is not an object', [SECRET]],
    ['the entry is not an object', undefined],
    ['data is not an object', {}],
    ['data is not an object', { log_id: 'x' }],
    ['data is not an object', { log_id: 'x', data: [SECRET] }],
    ['log_id is missing', entry({}, {})],
    ['log_id is missing', entry({}, { log_id: '' })],
    ['log_id is not a string', entry({}, { log_id: { $gt: SECRET } })],
    ['log_id is not a string', entry({}, { log_id: 9e55 })],
    ['log_id is longer than 200 characters', entry({}, { log_id: 'x'.repeat(201) })],
    ['log_id has characters other than letters, digits, _ and -', entry({}, { log_id: SECRET })],
    ['log_id has characters other than letters, digits, _ and -', entry({}, { log_id: 'x\n' })],
    ['data.type is missing', entry({ type: undefined })],
    ['data.type is not a string', entry({ type: [SECRET] })],
    ['data.type has characters other than letters, digits, _, . and -', entry({ type: SECRET })],
    ['data.type is longer than 64 characters', entry({ type: 'x'.repeat(65) })],
    ['data.user_id is not a string', entry({ user_id: { $gt: SECRET } })],
    ['data.user_id is not a string', entry({ user_id: 0 })],
    ['data.user_id is longer than 255 characters', entry({ user_id: SECRET.repeat(20) })],
    ['data.user_id has control characters or half a surrogate pair', entry({ user_id: `${SECRET}\u0000` })],
    ['data.user_id has control characters or half a surrogate pair', entry({ user_id: `${SECRET}\ud800` })],
    ['data.user_id is not valid UTF-8', entry({ user_id: `${SECRET}\ufffd` })],
    [
      'data.details.request.path has a malformed escape',
      managementCall('patch', `/api/v2/users/${SECRET}%zz`),
    ],
    [
      'the user in data.details.request.path has control characters or half a surrogate pair',
      managementCall('patch', `/api/v2/users/${SECRET}%00`),
    ],
    [
      'data.details.response.body.user_id is not a string',
      managementCall('post', '/api/v2/users', { response: { body: { user_id: [SECRET] } } }),
    ],
  ];
  it.each(rows)('%s', (reason, value) => {
    const translation = logSource.translate(value, plain, RECEIVED_AT);
    expect(translation).toEqual({ type: 'rejected', reason, raw: JSON.stringify(value) ?? 'undefined' });
    expect(reason).not.toContain(SECRET);
  });
});

describe('the time of an event', () => {
  it.each([
    ['the date of the entry', '2025-10-14T13:29:20.565Z', '2025-10-14T13:29:20.565Z'],
    ['a date with another zone', '2025-10-14T13:29:20+02:00', '2025-10-14T11:29:20.000Z'],
    ['no date', undefined, RECEIVED_AT.toISOString()],
    ['words', 'not a date', RECEIVED_AT.toISOString()],
    ['a day that does not exist', '2025-13-45T00:00:00Z', RECEIVED_AT.toISOString()],
    ['a date without a zone', '2025-10-14T13:29:20', RECEIVED_AT.toISOString()],
    ['a number', 1_760_448_560_565, RECEIVED_AT.toISOString()],
    ['a date before Auth0', '1970-01-01T00:00:00.000Z', RECEIVED_AT.toISOString()],
    ['a clock a little ahead', '2025-10-16T08:04:00.000Z', '2025-10-16T08:04:00.000Z'],
    ['a clock that jumped', '2099-01-01T00:00:00.000Z', '2025-10-16T08:05:00.000Z'],
  ])('%s', (_reason, date, at) => {
    expect(accepted(entry({ date })).event.at.toISOString()).toBe(at);
  });
});

describe('limits', () => {
  it('an entry over the limit in bytes is rejected and its text cut', () => {
    const fitting = entry({ padding: 'x'.repeat(MAX_ENTRY_BYTES - 300) });
    expect(logSource.translate(fitting, plain, RECEIVED_AT).type).toBe('accepted');
    const wide = entry({ padding: 'ä'.repeat(MAX_ENTRY_BYTES / 2) });
    expect(logSource.translate(wide, plain, RECEIVED_AT)).toEqual({
      type: 'rejected',
      reason: 'the entry is larger than 262144 bytes',
      raw: JSON.stringify(wide).slice(0, MAX_REJECT_RAW_LENGTH),
    });
  });

  it('a cut leaves no half of a surrogate pair', () => {
    const text = `${'x'.repeat(MAX_REJECT_RAW_LENGTH - 1)}😀`;
    expect(cutRaw(text)).toBe('x'.repeat(MAX_REJECT_RAW_LENGTH - 1));
    expect(cutRaw('short')).toBe('short');
  });

  it('an entry nested too deeply to be written down is rejected, with its log_id', () => {
    // Deep enough for any stack, and still below the limit in bytes.
    const deep: unknown = JSON.parse('['.repeat(120_000) + ']'.repeat(120_000));
    expect(logSource.translate(entry({ details: deep }), plain, RECEIVED_AT)).toEqual({
      type: 'rejected',
      reason: 'the entry is nested too deeply to be kept',
      raw: '{"unwritable":true,"log_id":"log-1"}',
    });
    expect(logSource.translate(deep, plain, RECEIVED_AT)).toEqual({
      type: 'rejected',
      reason: 'the entry is not an object',
      raw: '{"unwritable":true}',
    });
  });

  it('keys that mean something to JavaScript or MongoDB stay text', () => {
    const value: unknown = JSON.parse(
      `{"log_id":"p","data":{"type":"ss","user_id":"${ALICE}","__proto__":{"a":1},"$where":"1","a.b":2}}`,
    );
    expect(accepted(value).event.data.raw).toBe(JSON.stringify(value));
    expect(Object.keys(accepted(value).event.data).sort()).toEqual(['code', 'hint', 'logId', 'raw']);
  });
});

describe('entries that concern no user', () => {
  it('are kept, with nobody due, when that is configured', () => {
    const value = entry({ type: 'seccft', user_id: '' });
    const translation = logSource.translate(value, plain, RECEIVED_AT, true);
    expect(translation).toMatchObject({ type: 'accepted', event: { user: null }, trigger: undefined });
  });
});
