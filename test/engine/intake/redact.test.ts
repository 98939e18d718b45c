/** The tokens of identity providers are in no text that is kept (case 21), on whatever way they come. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventSource } from '../../../src/engine/intake/auth0-event.ts';
import { logSource } from '../../../src/engine/intake/auth0-log.ts';
import {
  MAX_ENTRY_BYTES,
  MAX_REJECT_RAW_LENGTH,
  type Translation,
} from '../../../src/engine/intake/delivered.ts';
import { ingest } from '../../../src/engine/intake/ingest.ts';
import { redactedJson, redactedLine } from '../../../src/engine/intake/redact.ts';
import type { Reject } from '../../../src/ports/intake.ts';
import { at, tenant } from '../../mongo/subjects/people.ts';
import { inMemoryEventLog } from '../../support/in-memory/event-log.ts';

const TOKEN = 'hunter2-secret';
const own = { provider: 'auth0', user_id: 'ann', connection: 'Users' };
const google = {
  ...{ provider: 'google-oauth2', user_id: '7', connection: 'google', isSocial: true },
  ...{ access_token: TOKEN, refresh_token: TOKEN, access_token_secret: TOKEN, expires_in: 3_600 },
  profileData: { email: 'ann@example.com', picture: TOKEN },
};
const kept = { provider: 'google-oauth2', user_id: '7', connection: 'google' };
const user = { user_id: 'auth0|ann', identities: [own, google] };

/** Undefined for what is ignored. */
function rawOf(translation: Translation): string | undefined {
  if (translation.type === 'ignored') return undefined;
  return translation.type === 'rejected' ? translation.raw : translation.event.data.raw;
}

const of = { id: tenant, keyPrefix: '' };
const entry = (data: object) =>
  logSource.translate({ log_id: '90020', data: { log_id: '90020', ...data } }, of, at(0));
const event = (fields: object) => eventSource.translate({ specversion: '1.0', ...fields }, of, at(0));
const sapi = (body: unknown, path = '/api/v2/users/auth0%7Cann') => ({
  ...{ type: 'sapi', date: '2026-01-02T03:04:05.678Z' },
  details: { request: { method: 'PATCH', path }, response: { statusCode: 200, body } },
});

describe('what is kept of a delivery', () => {
  it.each<[string, () => Translation]>([
    ['the answer of an API call', () => entry(sapi(user))],
    ['the answer of an API call, as text', () => entry(sapi(JSON.stringify(user)))],
    ['the same, as text in a text', () => entry(sapi(JSON.stringify(JSON.stringify(user))))],
    [
      'the same, with escapes',
      () => entry(sapi(JSON.stringify(user).replaceAll('_', '\\u005f').replaceAll('den', '\\u0064en'))),
    ],
    ['the same, cut off', () => entry(sapi(JSON.stringify(user).slice(0, -20)))],
    [
      'the answer of a linking call',
      () => entry(sapi([own, google], '/api/v2/users/auth0%7Cann/identities')),
    ],
    [
      'the body of the request of a linking call',
      () => entry({ ...sapi({}), extra: { request: { body: { link_with: TOKEN } } } }),
    ],
    ['the body of the request', () => entry({ ...sapi({}), extra: { request: { body: user } } })],
    [
      'an address with a token',
      () => entry({ ...sapi({}), url: `https://example.com/#access_token=${TOKEN}&x=1` }),
    ],
    ['an entry that is rejected', () => entry({ type: 7, details: user })],
    [
      'an entry of another tenant',
      () =>
        logSource.translate(
          { log_id: '1', data: { type: 's', user_id: 'other-auth0|ann', details: user } },
          { ...of, otherPrefixes: ['other-'] },
          at(0),
        ),
    ],
    ['an event about a user', () => event({ id: 'e1', type: 'user.updated', data: { object: user } })],
    [
      'an event that is rejected',
      () => event({ id: 'e1', type: 'user.updated', data: { object: { ...user, user_id: 7 } } }),
    ],
    ['an entry that is too large', () => entry({ ...sapi(user), filler: 'x'.repeat(MAX_ENTRY_BYTES) })],
  ])('%s', (_what, translate) => {
    const raw = rawOf(translate());
    expect(raw).toBeDefined();
    expect(raw).not.toContain(TOKEN);
  });

  it('of an identity, three fields', () => {
    const raw = rawOf(entry(sapi(user)));
    expect(JSON.parse(raw ?? '')).toMatchObject({
      data: { details: { response: { body: { user_id: 'auth0|ann' } } } },
    });
    expect(raw).toContain(JSON.stringify([own, kept]));
    expect(raw).not.toContain('ann@example.com');
  });

  it('of a line that is not JSON, what is before the first suspect word', async () => {
    const rejected: Reject[] = [];
    const deps = {
      log: inMemoryEventLog(),
      rejects: { add: async (all: readonly Reject[]) => void rejected.push(...all) },
      queue: { markDue: async () => {} },
      ignored: { add: async () => {} },
      clock: { now: () => at(0) },
    };
    const long = `{"filler":"${'x'.repeat(MAX_REJECT_RAW_LENGTH - 200)}",${JSON.stringify(user).slice(1, -5)}`;
    const lines = [JSON.stringify(user).slice(0, -5), long];
    await ingest(
      deps,
      of,
      [],
      lines.map((raw) => ({ reason: 'the line is not JSON', raw })),
    );
    expect(rejected.map(({ raw }) => raw)).toEqual([
      '{"user_id":"auth0|ann","(redacted)',
      expect.stringMatching(/x",.*"\(redacted\)$/),
    ]);
  });

  it('of anything else, all of it', () => {
    const plain = {
      log_id: '1',
      data: { type: 's', user_id: 'auth0|ann', scope: 'openid', details: { tokens: 3 } },
    };
    expect(redactedJson(plain)).toBe(JSON.stringify(plain));
    const about = {
      type: 'seccft',
      description: 'Access Token was exchanged: token id 7',
      user_id: 'auth0|ann',
    };
    expect(redactedJson(about)).toBe(JSON.stringify(about));
  });
});

/** A user, or the identities alone, somewhere in a value, and as text in a text. */
const carrier = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom<unknown>(
      user,
      { identities: google },
      { IDENTITIES: [[google]] },
      [google],
      { access_token: TOKEN },
      { idToken: { a: TOKEN } },
      `id_token=${TOKEN}`,
    ),
    fc
      .record({ key: fc.string(), inner: tie('value'), beside: fc.jsonValue() })
      .map(({ key, inner, beside }) => ({ [key]: inner, beside })),
    fc.array(tie('value'), { minLength: 1, maxLength: 3 }),
    tie('value').map((inner) => JSON.stringify(inner)),
    fc
      .tuple(tie('value'), fc.nat({ max: 12 }))
      .map(([inner, cut]) => JSON.stringify(inner).slice(0, -cut || undefined)),
  ),
})).value;

it('however it is nested, no token is kept', () => {
  fc.assert(
    fc.property(carrier, (value) => {
      expect(redactedJson(value) ?? '').not.toContain(TOKEN);
      expect(redactedLine(JSON.stringify(value))).not.toContain(TOKEN);
    }),
    { numRuns: 3_000 },
  );
});

it('whatever is redacted is JSON, and redacting it again changes nothing', () => {
  fc.assert(
    fc.property(fc.oneof(carrier, fc.jsonValue()), (value) => {
      const once = redactedJson(value) ?? 'null';
      expect(redactedJson(JSON.parse(once))).toBe(once);
    }),
    { numRuns: 1_000 },
  );
});
