/** Deliveries that are answered with 200, whatever is in them, and what of each is kept. */
import { MAX_ENTRY_BYTES } from '../../src/engine/intake/delivered.ts';
import {
  ALICE,
  AUTHORIZED,
  chunked,
  DATE,
  entryOf,
  type HostileRequest,
  type Kept,
  NOW,
  ONE,
  post,
  request,
  WEBHOOK,
} from './hostile-requests.ts';

const KEPT_ONE: Kept = { events: ['first:1'], due: [ALICE] };
const NO_OBJECT: Kept = { rejects: ['the entry is not an object'] };

function nested(depth: number): string {
  return '['.repeat(depth) + ']'.repeat(depth);
}

function ofUser(user_id: unknown): object {
  return entryOf('1', { user_id });
}

/** Each of these alone, and each is kept as a reject. */
function rejected(field: string, what: string, entries: readonly object[]): HostileRequest[] {
  return entries.map((entry, index) => ({
    reason: `${field} ${what} (${index + 1} of ${entries.length})`,
    bytes: post(JSON.stringify([entry])),
    answers: [200],
    kept: { rejects: [`${field} ${what}`] },
  }));
}

/** The token is right, and so it is answered with 200: what cannot be read is kept as a reject. */
export const TAKEN: readonly HostileRequest[] = [
  { reason: 'an empty list', bytes: post('[]'), answers: [200] },
  { reason: 'one in chunks', bytes: chunked(ONE), answers: [200], kept: KEPT_ONE },
  { reason: 'one after a byte order mark', bytes: post(`\ufeff${ONE}`), answers: [200], kept: KEPT_ONE },
  {
    reason: 'one over HTTP/1.0',
    bytes: request(`POST ${WEBHOOK} HTTP/1.0`, [AUTHORIZED, `Content-Length: ${ONE.length}`], ONE),
    answers: [200],
    kept: KEPT_ONE,
  },
  {
    reason: 'the same twice, in one go',
    bytes: [
      ...request(`POST ${WEBHOOK} HTTP/1.1`, [AUTHORIZED, `Content-Length: ${ONE.length}`], ONE),
      ...post(ONE),
    ],
    answers: [200, 200],
    kept: KEPT_ONE,
  },
  {
    reason: 'the same twice in a list',
    bytes: post(JSON.stringify([entryOf('1'), entryOf('1')])),
    answers: [200],
    kept: KEPT_ONE,
  },
  {
    reason: 'ten thousand entries',
    bytes: post(JSON.stringify(Array.from({ length: 10_000 }, (_, index) => entryOf(String(index))))),
    answers: [200],
    kept: { events: Array.from({ length: 10_000 }, (_, index) => `first:${index}`), due: [ALICE] },
  },
  {
    reason: 'one bad entry in a hundred good ones',
    bytes: post(
      JSON.stringify(
        Array.from({ length: 101 }, (_, index) => (index === 50 ? { SECRET: 1 } : entryOf(String(index)))),
      ),
    ),
    answers: [200],
    kept: {
      events: Array.from({ length: 101 }, (_, index) => `first:${index}`).filter((id) => id !== 'first:50'),
      due: [ALICE],
      rejects: ['data is not an object'],
    },
  },
  {
    reason: 'a broken line between two good ones',
    bytes: post(`${JSON.stringify(entryOf('1'))}\r\n{"SECRET\r\n${JSON.stringify(entryOf('2'))}`),
    answers: [200],
    kept: { events: ['first:1', 'first:2'], due: [ALICE], rejects: ['the line is not JSON'] },
  },
  {
    reason: 'things that are no entries',
    bytes: post('[null, 1, "SECRET", [], {}, true]'),
    answers: [200],
    kept: { rejects: [...Array(5).fill('the entry is not an object'), 'data is not an object'].sort() },
  },
  {
    reason: 'nobody',
    bytes: post(JSON.stringify([entryOf('1', { user_id: '' }), entryOf('2', { user_id: null })])),
    answers: [200],
  },
  {
    reason: 'names of properties of every object',
    bytes: post(
      `[{"log_id":"1","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"data":{"__proto__":{"polluted":1},"type":"ss","user_id":"${ALICE}","date":"${DATE}"}}]`,
    ),
    answers: [200],
    kept: KEPT_ONE,
  },
  {
    reason: 'an entry that has all it needs from its prototype',
    bytes: post(`[{"__proto__":${JSON.stringify(entryOf('1'))}}]`),
    answers: [200],
    kept: { rejects: ['data is not an object'] },
  },
  {
    reason: 'keys that MongoDB reads as operators and paths',
    bytes: post(
      JSON.stringify([entryOf('1', { $where: 'SECRET', 'a.b': 1, details: { $ne: { $gt: '' } } })]),
    ),
    answers: [200],
    kept: KEPT_ONE,
  },
  {
    reason: 'the same field twice, of which the last counts',
    bytes: post(`[{"log_id":"2",${JSON.stringify(entryOf('1')).slice(1)}]`),
    answers: [200],
    kept: KEPT_ONE,
  },
  {
    reason: 'depth',
    // With so much white space, the body is not taken for one of brackets alone.
    bytes: post(
      `[${' '.repeat(700_000)}{"log_id":"1","data":{"type":"ss","user_id":"${ALICE}","details":${nested(40_000)}}}]`,
    ),
    answers: [200],
    kept: { rejects: ['the entry is nested too deeply to be kept'] },
  },
  { reason: 'depth alone', bytes: post(nested(10_000)), answers: [200], kept: NO_OBJECT },
  {
    reason: 'an entry that is too large',
    bytes: post(JSON.stringify([entryOf('1', { details: 'ä'.repeat(MAX_ENTRY_BYTES / 2) })])),
    answers: [200],
    kept: { rejects: ['the entry is larger than 262144 bytes'] },
  },
  {
    reason: 'characters that are none, where nobody reads them',
    bytes: post(
      Buffer.concat([
        Buffer.from(`[{"log_id":"1","x":"\\u0000\\ud800`),
        Buffer.from([0xff, 0xc0, 0x80]),
        Buffer.from(`",${JSON.stringify(entryOf('1')).slice(1)}]`),
      ]),
    ),
    answers: [200],
    kept: KEPT_ONE,
  },
  ...rejected('data.user_id', 'is not a string', [0, true, {}, [], { $gt: '' }].map(ofUser)),
  ...rejected('data.user_id', 'is longer than 255 characters', ['SECRET'.repeat(500)].map(ofUser)),
  ...rejected(
    'data.user_id',
    'has control characters or half a surrogate pair',
    ['auth0|\u0000', '\u0007\u001b[2J', 'auth0|\ud800', '\udc00', 'a\u2028b'].map(ofUser),
  ),
  {
    reason: 'data.user_id with bytes that are no UTF-8',
    bytes: post(Buffer.from(JSON.stringify([ofUser('auth0\u00c1\u00bcbob')]), 'latin1')),
    answers: [200],
    kept: { rejects: ['data.user_id is not valid UTF-8'] },
  },
  {
    reason: 'an id that would be a key of the other tenant’s',
    bytes: post(JSON.stringify([ofUser('second-auth0|SECRET'), entryOf('1')])),
    answers: [200],
    kept: { ...KEPT_ONE, rejects: ['the user is one of another tenant'] },
  },
  ...rejected('log_id', 'is missing', [entryOf(undefined), entryOf(null), entryOf('')]),
  ...rejected('log_id', 'is not a string', [entryOf(9e55), entryOf({ $ne: null }), entryOf(['1'])]),
  ...rejected('log_id', 'is longer than 200 characters', [entryOf('9'.repeat(10_000))]),
  ...rejected('log_id', 'has characters other than letters, digits, _ and -', [
    entryOf('1\u0000'),
    entryOf('$1'),
  ]),
  ...rejected('data.type', 'is not a string', [entryOf('1', { type: 7 })]),
  ...rejected('data.type', 'is longer than 64 characters', [entryOf('1', { type: 'x'.repeat(10_000) })]),
  ...[
    ['the year 275760', '+275760-09-13T00:00:00.000Z', NOW.toISOString()],
    ['the year 9999', '9999-12-31T23:59:59.999Z', '2026-02-03T04:10:06.000Z'],
    ['ten years from now', '2036-02-03T04:05:06.000Z', '2026-02-03T04:10:06.000Z'],
    ['before there were tenants', '1970-01-01T00:00:00.000Z', NOW.toISOString()],
    ['a second that no clock has', '2026-02-03T04:04:60.000Z', NOW.toISOString()],
    ['a number', 1e300, NOW.toISOString()],
    ['an operator', { $date: 0 }, NOW.toISOString()],
  ].map(([reason, date, at]) => ({
    reason: `the date ${reason}`,
    bytes: post(JSON.stringify([entryOf('1', { date })])),
    answers: [200],
    kept: { ...KEPT_ONE, at: String(at) },
  })),
];
