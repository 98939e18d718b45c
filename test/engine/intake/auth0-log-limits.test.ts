/** Log entries at the edges of what is taken: exactly at a limit, and one beyond. */
import { describe, expect, it } from 'vitest';
import { logSource } from '../../../src/engine/intake/auth0-log.ts';
import { cutRaw, MAX_ENTRY_BYTES, MAX_REJECT_RAW_LENGTH } from '../../../src/engine/intake/delivered.ts';
import { tenant } from '../../mongo/subjects/people.ts';

const RECEIVED_AT = new Date('2026-01-02T03:04:05.678Z');
const to = { id: tenant, keyPrefix: '' };

function entry(data: Readonly<Record<string, unknown>> = {}, log_id = '1'): unknown {
  return { log_id, data: { type: 'ss', user_id: 'auth0|alice', date: '2026-01-01T00:00:00Z', ...data } };
}

function outcome(value: unknown): string {
  const translation = logSource.translate(value, to, RECEIVED_AT);
  return translation.type === 'rejected' ? translation.reason : translation.type;
}

describe('texts', () => {
  it.each([
    ['a log_id', (length: number) => entry({}, '9'.repeat(length)), 200],
    ['a type', (length: number) => entry({ type: 'x'.repeat(length) }), 64],
    ['a user_id', (length: number) => entry({ user_id: `auth0|${'x'.repeat(length - 6)}` }), 255],
  ] as const)('%s may be as long as its limit, and no longer', (_what, make, limit) => {
    expect(outcome(make(limit))).toBe('accepted');
    expect(outcome(make(limit + 1))).toContain(`is longer than ${limit} characters`);
  });

  it.each([
    ['one byte a character', 'x', MAX_ENTRY_BYTES],
    ['three bytes a character', '€', MAX_ENTRY_BYTES / 3],
  ])('an entry of %s may be as large as the limit, and no larger', (_what, character, characters) => {
    const around = Buffer.byteLength(JSON.stringify(entry({ padding: '' })));
    const width = Buffer.byteLength(character);
    const fitting = Math.floor(characters - around / width);
    const ascii = 'x'.repeat(MAX_ENTRY_BYTES - around - fitting * width);
    const padding = character.repeat(fitting) + ascii;
    expect(outcome(entry({ padding }))).toBe('accepted');
    expect(outcome(entry({ padding: `${padding}x` }))).toContain('is larger than');
  });

  it.each([
    ['the first half of a pair', '\ud800', true],
    ['the last of the first halves', '\udbff', true],
    ['a second half', '\udc00', false],
    ['no half', 'x', false],
  ])('a cut goes before %s or after it', (_what, last, isLeftOut) => {
    const text = 'x'.repeat(MAX_REJECT_RAW_LENGTH - 1) + last;
    expect(cutRaw(`${text}yz`)).toBe(isLeftOut ? text.slice(0, -1) : text);
    expect(cutRaw(text)).toBe(text);
  });

  it('what cannot be written down and has no id is kept as just that', () => {
    const deep: unknown = JSON.parse('['.repeat(120_000) + ']'.repeat(120_000));
    const translation = logSource.translate({ log_id: '$', data: { details: deep } }, to, RECEIVED_AT);
    expect(translation).toMatchObject({ type: 'rejected', raw: '{"unwritable":true}' });
  });
});

describe('dates', () => {
  it.each([
    ['of the first moment', '2012-01-01T00:00:00.000Z', '2012-01-01T00:00:00.000Z'],
    ['before the first moment', '2011-12-31T23:59:59.999Z', RECEIVED_AT.toISOString()],
    ['as far ahead as is believed', '2026-01-02T03:09:05.678Z', '2026-01-02T03:09:05.678Z'],
    ['with nanoseconds', '2026-01-01T00:00:00.123456789Z', '2026-01-01T00:00:00.123Z'],
    ['with more than a date before it', 'on 2026-01-01T00:00:00Z', RECEIVED_AT.toISOString()],
    ['with more than a date after it', '2026-01-01T00:00:00Z (GMT)', RECEIVED_AT.toISOString()],
    ['in a list, which a date could be made of', ['2026-01-01T00:00:00Z'], RECEIVED_AT.toISOString()],
  ])('%s', (_what, date, at) => {
    const translation = logSource.translate(entry({ date }), to, RECEIVED_AT);
    expect(translation.type === 'accepted' && translation.event.at.toISOString()).toBe(at);
  });
});

describe('paths of the Management API', () => {
  const call = (method: string, path: string, body: unknown = {}) =>
    entry({ type: 'sapi', user_id: '', details: { request: { method, path }, response: { body } } });

  it.each([
    ['below another', call('patch', '/x/api/v2/users/auth0%7Calice'), undefined],
    ['at the end of another address', call('patch', 'https://x/y/api/v2/users/auth0%7Calice'), undefined],
    ['of http', call('patch', 'http://x/api/v2/users/auth0%7Calice'), null],
    ['of a change to the collection', call('patch', '/api/v2/users', { user_id: 'auth0|alice' }), undefined],
    ['of a deletion with a slash at its end', call('delete', '/api/v2/users/auth0%7Calice/'), 'deleted'],
  ])('%s', (_what, value, hint) => {
    const translation = logSource.translate(value, to, RECEIVED_AT);
    expect(translation.type === 'accepted' ? translation.event.data : {}).toMatchObject(
      hint === undefined ? {} : { hint },
    );
    expect(translation.type).toBe(hint === undefined ? 'ignored' : 'accepted');
  });
});
