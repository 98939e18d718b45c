import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  MAX_AUTH0_USER_ID_LENGTH,
  parseAccountHandle,
  parseAuth0UserId,
  parseCode,
  parseDid,
  parseTenantId,
  userKey,
} from '../src/identity.ts';
import { alice, bob } from './mongo/subjects/people.ts';

const DID = `did:plc:${'a'.repeat(23)}7`;

/** Each parser with what it takes as it is, and what it refuses. */
const parsers: readonly {
  readonly name: string;
  readonly parse: (text: string) => string | undefined;
  readonly good: readonly string[];
  readonly bad: readonly string[];
}[] = [
  {
    name: 'a tenant id',
    parse: parseTenantId,
    good: ['main', 'a', '4', 'second-tenant', 'a'.repeat(32)],
    bad: ['', '-main', 'Main', 'a_b', 'a.b', 'a/b', 'a b', 'ä', 'main\n', 'a'.repeat(33)],
  },
  {
    name: 'an Auth0 user id',
    parse: parseAuth0UserId,
    good: [
      'auth0|alice',
      'google-oauth2|1',
      'samlp|a b@example.com',
      'ä|🙂',
      '$where|a.b',
      'oauth2|line|1',
      'adfs|-x',
      `auth0|${'a'.repeat(MAX_AUTH0_USER_ID_LENGTH - 6)}`,
    ],
    bad: [
      ...['', 'auth0|\u0000', 'auth0|a\nb', 'auth0|\u007f', 'auth0|\u2028', 'auth0|\ud800'],
      ...[
        'undefined',
        'null',
        'nobody1',
        'art-guest',
        'alice@example.com',
        'k3@clients',
        '|',
        'auth0|',
        '|alice',
      ],
      `auth0|${'a'.repeat(MAX_AUTH0_USER_ID_LENGTH - 5)}`,
    ],
  },
  {
    name: 'a DID',
    parse: parseDid,
    good: [DID, 'did:web:example.com', 'did:web:localhost%3A3000'],
    bad: [
      '',
      'did:plc:',
      `${DID}a`,
      DID.slice(0, -1),
      DID.toUpperCase(),
      `did:plc:${'1'.repeat(24)}`,
      `${DID}\n`,
      ` ${DID}`,
      'did:key:z6Mk',
      'did:web:a b',
    ],
  },
  {
    name: 'an account handle',
    parse: parseAccountHandle,
    good: ['alice.at.test', 'a.b', '4343.at.test', 'a--b.at.test', `${'a'.repeat(63)}.test`],
    bad: [
      '',
      'alice',
      '.at.test',
      'alice.',
      'a_b.at.test',
      '-alice.at.test',
      'alice-.at.test',
      'alice..test',
      'alice.4',
      'älice.at.test',
      'alice.at.test\n',
      `${'a'.repeat(64)}.test`,
      `${'a.'.repeat(126)}test`,
    ],
  },
  {
    name: 'a code',
    parse: parseCode,
    // Whatever the platform gave counts, also in forms that ours never has.
    good: ['ac25nobeb', 'ac26nobebob', 'ac23lilia', 'ac3abcde', 'AC23Bebac', 'x'],
    bad: ['', 'ac25nobeb\n', 'a'.repeat(256)],
  },
];

describe.each(parsers)('$name', ({ parse, good, bad }) => {
  it.each(good)('may be %j', (text) => {
    expect(parse(text)).toBe(text);
  });

  it.each(bad)('may not be %j', (text) => {
    expect(parse(text)).toBeUndefined();
  });

  it('is given back as it was, or not at all, and again the same', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...good, ...bad)), (text) => {
        const parsed = parse(text);
        if (parsed !== undefined) expect(parse(parsed)).toBe(parsed);
      }),
    );
  });
});

it('what is no text is nobody’s id, DID, handle or code', () => {
  for (const value of [undefined, null, 4, {}, ['auth0|alice'], { $gt: '' }]) {
    expect([parseAuth0UserId(value), parseDid(value), parseAccountHandle(value), parseCode(value)]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  }
});

it('an account handle is lower-cased, because the PDS has no other', () => {
  expect(parseAccountHandle('Alice.AT.test')).toBe('alice.at.test');
});

it('a key is the prefix and the id, so the same id in two tenants makes two keys', () => {
  expect(userKey('', alice.userId)).toBe('auth0|alice');
  expect(userKey('second-', alice.userId)).toBe('second-auth0|alice');
  expect(userKey('', alice.userId)).not.toBe(userKey('', bob.userId));
});
