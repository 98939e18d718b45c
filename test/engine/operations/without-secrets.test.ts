/** An export has what is kept of a person, and nothing that gives access to something. */
import { expect, it } from 'vitest';
import { createVault, generateKey } from '../../../src/credentials/vault.ts';
import { SECRET_LEFT_OUT, withoutSecrets } from '../../../src/engine/operations/without-secrets.ts';
import { alice } from '../../mongo/subjects/people.ts';

const sealed = createVault({ storage: 'sealed', keys: generateKey() }).seal('hunter', alice.user);
const left = SECRET_LEFT_OUT;
const at = new Date();

it.each([
  [
    'a password of the account',
    { atproto: { did: 'd', password: 'hunter' } },
    { atproto: { did: 'd', password: left } },
  ],
  [
    'one that is being stored',
    { atprotoPending: { intent: 'i', password: sealed } },
    { atprotoPending: { intent: 'i', password: left } },
  ],
  ['a sealed one under any name', { kept: [sealed] }, { kept: [left] }],
  ['whole objects and numbers', { tokens: { a: 'hunter' }, apiKey: 4 }, { tokens: left, apiKey: left }],
  ['that there is none', { password: null, hasPassword: true }, { password: null, hasPassword: true }],
  [
    'a payload',
    { raw: '{"a":[{"access_token":"hunter"}],"b":1}' },
    { raw: `{"a":[{"access_token":"${left}"}],"b":1}` },
  ],
  ['a payload without one, to the letter', { raw: '{ "b": 1.0 }' }, { raw: '{ "b": 1.0 }' }],
  [
    'a payload that was cut',
    { raw: '{"b":1,"old_password":"hun\\"ter' },
    { raw: `{"b":1,"old_password":"${left}"` },
  ],
  ['a form', { raw: 'a=1&password=hunter&b=2' }, { raw: `a=1&password="${left}"&b=2` }],
  ['dates', { at }, { at }],
])('%s', (_name, given, expected) => {
  expect(withoutSecrets(given)).toEqual(expected);
});

it('takes no time that grows with the square of a text', () => {
  const text = 'x'.repeat(1_000_000);
  const startedAt = performance.now();
  expect(withoutSecrets(text)).toBe(text);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});
