/** One odd field costs that field only (W12): every field with every type of JSON value, by id, by address, in pages and in exports. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAuth0Client } from '../../src/auth0/client.ts';
import { createDirectory } from '../../src/auth0/management.ts';
import { readRows, UserAnswer } from '../../src/auth0/user.ts';
import { AUTH0_FIELDS, type Auth0Field } from '../../src/events/data/auth0.ts';
import type { Auth0User, Directory } from '../../src/ports/auth0.ts';
import type { Auth0Tenant } from '../../src/sandbox/auth0/tenant.ts';
import { RateLimiter } from '../../src/upstream/rate-limit.ts';
import { APPLICATION, startTenant } from '../sandbox/auth0/tenant-under-test.ts';
import { leapingClock } from '../support/virtual-clock.ts';
import { userIdOf } from './tenant.ts';

const CREATED = '2026-01-02T03:04:05.678Z';
const SECRET = 'hunter2';
const usual: Readonly<Record<Auth0Field, unknown>> = {
  email: 'ann@example.com',
  email_verified: true,
  blocked: true,
  created_at: CREATED,
  identities: [
    { provider: 'auth0', user_id: 'ann', connection: 'Users' },
    { provider: 'google-oauth2', user_id: '7', connection: 'google', access_token: SECRET },
  ],
};

/** What a field that counts as not set makes of the user. */
const NOT_SET: Readonly<Record<Auth0Field, Partial<Auth0User>>> = {
  email: { email: undefined },
  email_verified: { emailVerified: false },
  blocked: { blocked: false },
  created_at: { createdAt: undefined },
  identities: { linked: undefined as never },
};

const whole: Auth0User = {
  ...{ userId: userIdOf('auth0|ann'), email: 'ann@example.com', emailVerified: true, blocked: true },
  ...{ createdAt: new Date(CREATED), linked: [userIdOf('google-oauth2|7')] },
};

/** Undefined: the field is missing. */
const anyValue = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom(undefined, null, '', 'true', 'false', 'Ann Example', 0, 1, [], {}, [null], {
    verified: true,
  }),
);
const anyRow = fc.record({
  email: anyValue,
  email_verified: anyValue,
  blocked: anyValue,
  created_at: anyValue,
  identities: anyValue,
});

function read(row: object): Auth0User {
  return UserAnswer.parse({ user_id: 'auth0|ann', ...row });
}

describe('every field with every value', () => {
  it('costs that field alone: the user is read, and each field as it is read by itself', () => {
    fc.assert(
      fc.property(anyRow, (row) => {
        const user = read(row);
        expect(user.userId).toBe('auth0|ann');
        for (const field of AUTH0_FIELDS) {
          const alone = read({ ...usual, [field]: row[field] });
          const [key] = Object.keys(NOT_SET[field]) as (keyof Auth0User)[];
          expect(key && user[key]).toEqual(key && alone[key]);
          const isUnusable = user.unusable?.includes(field) === true;
          expect(alone.unusable ?? []).toEqual(isUnusable ? [field] : []);
          if (isUnusable && field !== 'identities') expect(alone).toMatchObject(NOT_SET[field]);
          // The others are as ever.
          expect({ ...alone, ...NOT_SET[field], unusable: [] }).toEqual({
            ...{ ...whole, ...NOT_SET[field], unusable: [] },
          });
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('in one row of many costs no other row', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(anyRow, anyValue), { maxLength: 6 }), (rows) => {
        const { users, unreadable } = readRows([{ user_id: 'auth0|ann', ...usual }, ...rows]);
        expect(users).toContainEqual(whole);
        expect(users.length + unreadable.length).toBe(rows.length + 1);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is named, and its value is not kept', () => {
    const text = JSON.stringify(
      read({ ...usual, email_verified: SECRET, blocked: [SECRET], created_at: { at: SECRET } }),
    );
    expect(text).toContain('"unusable":["email_verified","blocked","created_at"]');
    expect(text).not.toContain(SECRET);
  });

  it.each([
    [
      'null and missing fields are in order, apart from the date',
      { email: null, blocked: undefined },
      undefined,
    ],
    ['text flags are in order', { email_verified: 'false', blocked: 'true' }, undefined],
    ['an address that MongoDB cannot give back as it was', { email: 'ann\ud800@example.com' }, ['email']],
    ['a date that is none', { created_at: '2026-13-01T00:00:00Z' }, ['created_at']],
    ['a date without a form', { created_at: '7' }, ['created_at']],
    ['no date', { created_at: null }, ['created_at']],
    ['an identity that names no user', { identities: [{ provider: 'auth0' }] }, ['identities']],
    ['an id beyond what JSON keeps', { identities: [{ provider: 'x', user_id: 2 ** 60 }] }, ['identities']],
  ] as const)('%s', (_what, changes, unusable) => {
    expect(read({ ...usual, ...changes }).unusable).toEqual(unusable);
  });
});

// ── On the stand-in, over the wire ──

/** One of each type that JSON has, and the missing field. */
const TYPES: readonly (readonly [name: string, value: unknown])[] = [
  ['missing', undefined],
  ['null', null],
  ['true', true],
  ['number', 7],
  ['text', 'Ann Example'],
  ['list', ['Ann Example']],
  ['object', { verified: true }],
];
const ODD = AUTH0_FIELDS.flatMap((field) => TYPES.map(([name, value]) => ({ field, name, value })));

function directoryOf(tenant: Auth0Tenant): Directory {
  const clock = leapingClock();
  const limiter = new RateLimiter({ upstream: 'auth0', clock });
  const place = { domain: tenant.domain, managementUrl: tenant.url };
  return createDirectory(createAuth0Client({ ...place, ...APPLICATION, clock, limiter }));
}

async function withOddUsers(others: number): Promise<{ tenant: Auth0Tenant; directory: Directory }> {
  const tenant = await startTenant({ exportMs: 0 });
  for (const { field, name, value } of ODD) {
    const user_id = `auth0|${field}-${name}`;
    tenant.addUser({ user_id, email: `${field}.${name}@example.com`, email_verified: true });
    tenant.oddFields.add(user_id, { [field]: value });
  }
  for (let at = 0; at < others; at += 1)
    tenant.addUser({ user_id: `auth0|other-${at}`, email: `other${at}@example.com`, email_verified: true });
  return { tenant, directory: directoryOf(tenant) };
}

async function listed(directory: Directory): Promise<Map<string, Auth0User>> {
  const users = new Map<string, Auth0User>();
  for await (const page of directory.everyone()) {
    expect(page.unreadable ?? []).toEqual([]);
    expect(page.inexact).toBeUndefined();
    for (const user of page.users) users.set(user.userId, user);
  }
  return users;
}

it.each([
  ['by id and in pages', 0],
  ['by id and in an export', 1_000],
] as const)('no user is left out, and both reads say the same: %s', async (_how, others) => {
  const { directory } = await withOddUsers(others);
  const users = await listed(directory);
  expect(users.size).toBe(ODD.length + others);
  for (const { field, name } of ODD) {
    const id = userIdOf(`auth0|${field}-${name}`);
    const byId = await directory.user(id);
    expect(users.get(id)).toEqual(byId);
    if (typeof byId === 'string') throw new Error(`${id} is ${byId}`);
    expect(byId.unusable ?? []).toEqual(isUsable(field, name) ? [] : [field]);
    if (field === 'email') continue;
    const found = await directory.usersByEmail(`${field}.${name}@example.com`);
    expect(found).toEqual([byId]);
  }
});

function isUsable(field: Auth0Field, name: string): boolean {
  if (field === 'created_at') return false;
  if (name === 'missing' || name === 'null') return true;
  if (name === 'true') return field === 'email_verified' || field === 'blocked';
  return name === 'text' && field === 'email';
}
