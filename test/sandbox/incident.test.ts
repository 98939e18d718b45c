/** The sandbox's own copy of the incident is the record of it, word for word. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { INCIDENT, inventedUsers } from '../../src/sandbox/incident.ts';

interface Fixture {
  readonly tenant: string;
  readonly existing_indexes: Readonly<Record<string, readonly unknown[]>>;
  readonly users: readonly {
    readonly user_id: string;
    readonly email: string;
    readonly email_verified: boolean;
    readonly created_at: string;
    readonly handle: string | null;
    readonly verifications: number;
  }[];
  readonly expected: {
    readonly before: Readonly<Record<string, string>>;
    readonly after: Readonly<Record<string, unknown>> & {
      readonly waiting_for_email_verification: number;
      readonly account_handles: Readonly<Record<string, string>>;
    };
  };
}

const fixture = JSON.parse(
  readFileSync(new URL('../fixtures/incident.json', import.meta.url), 'utf8'),
) as Fixture;

describe('the incident', () => {
  test('the tenant and the five people are the same', () => {
    expect(INCIDENT.tenant).toBe(fixture.tenant);
    expect(
      INCIDENT.users.map(({ userId, email, emailVerified, createdAt, handle, verifications }) => ({
        user_id: userId,
        email,
        email_verified: emailVerified,
        created_at: createdAt,
        handle,
        verifications,
      })),
    ).toEqual(fixture.users);
  });

  test('the index that was there is the same, and there was no other', () => {
    const { collection, ...index } = INCIDENT.existingIndex;
    expect({ [collection]: [index] }).toEqual(fixture.existing_indexes);
  });

  test('what is expected of them is the same', () => {
    const { waiting_for_email_verification, account_handles, ...after } = fixture.expected.after;
    expect(INCIDENT.expected.before).toEqual(fixture.expected.before);
    expect(INCIDENT.expected.after).toEqual(after);
    expect(INCIDENT.expected.waitingForEmailVerification).toBe(waiting_for_email_verification);
    // The record says in brackets why a code stands in for a handle.
    const handles = Object.entries(account_handles).map(([user, handle]) => [
      user,
      handle.startsWith('<code>') ? 'code' : handle,
    ]);
    expect(INCIDENT.expected.accountHandles).toEqual(Object.fromEntries(handles));
  });

  test('the counts follow from the people', () => {
    const { users, expected } = INCIDENT;
    const verified = users.filter(({ emailVerified }) => emailVerified);
    expect(expected.after.accounts).toBe(`${verified.length}/${verified.length}`);
    expect(expected.waitingForEmailVerification).toBe(users.length - verified.length);
    expect(expected.after.handles).toBe(
      `${users.filter(({ handle }) => handle !== null).length}/${users.length}`,
    );
    expect(Object.keys(expected.accountHandles).sort()).toEqual(verified.map(({ userId }) => userId).sort());
  });
});

describe('invented people', () => {
  test('are the same in every run, and nobody twice', () => {
    const people = inventedUsers(200);
    expect(inventedUsers(200)).toEqual(people);
    for (const field of ['userId', 'email', 'createdAt'] as const) {
      expect(new Set([...INCIDENT.users, ...people].map((user) => user[field])).size).toBe(205);
    }
  });

  test('are in the same trouble: verified or not, with and without a handle', () => {
    const kinds = inventedUsers(20).map(({ emailVerified, handle }) => `${emailVerified} ${handle === null}`);
    expect(new Set(kinds).size).toBe(4);
    expect(inventedUsers(0)).toEqual([]);
  });

  test('have addresses and handles that mean nobody', () => {
    for (const { email, handle, emailVerified, verifications } of inventedUsers(20)) {
      expect(email).toMatch(/^person-\d{6}@example\.com$/);
      expect(handle ?? email).toContain(email.split('@', 1)[0]);
      expect(verifications).toBe(emailVerified ? 1 : 0);
    }
  });
});
