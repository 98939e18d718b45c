/** The incident, as it was found, and what one start of the server makes of it. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { audit } from '../src/commands/audit/audit.ts';
import { accountHandles, counted } from '../src/sandbox/story.ts';
import { wireReadSide } from '../src/wiring/read-side.ts';
import { type Platform, platform } from './support/platform.ts';
import { until } from './support/until.ts';

interface Fixture {
  readonly existing_indexes: {
    readonly users: readonly {
      readonly key: Readonly<Record<string, 1>>;
      readonly name: string;
      readonly unique: boolean;
      readonly sparse: boolean;
    }[];
  };
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
    readonly after: {
      readonly waiting_for_email_verification: number;
      readonly account_handles: Readonly<Record<string, string>>;
    } & Readonly<Record<string, unknown>>;
  };
}

interface Stored {
  readonly _id: string;
  readonly [field: string]: unknown;
}

const incident = JSON.parse(
  readFileSync(new URL('./fixtures/incident.json', import.meta.url), 'utf8'),
) as Fixture;

/** The five keep their own names, since those are what is expected; nobody else on the shared PDS has them. */
async function asItWasFound({ auth0, db }: Platform): Promise<void> {
  for (const { key, ...options } of incident.existing_indexes.users) {
    await db.collection('users').createIndex(key, options);
  }
  for (const { user_id, email, email_verified, created_at, handle, verifications } of incident.users) {
    auth0.addUser({ user_id, email, email_verified, created_at });
    await db.collection<Stored>('verifications').insertOne({ _id: user_id, count: verifications });
    if (handle !== null) await db.collection<Stored>('@handles').insertOne({ _id: user_id, handle });
  }
}

test('the five people of the incident are whole after one start, with no webhook and no person', async () => {
  const world = await platform();
  await asItWasFound(world);
  const side = wireReadSide(world.config());
  try {
    const before = counted(await audit(side, { limit: 20 }));
    expect(before).toMatchObject(incident.expected.before);
    expect(Object.keys(before.issues)).toHaveLength(incident.users.length);

    // The schedule names a day far off, so it is the sweep at start that finds them.
    await world.serve({ overlay: { schedule: { sweep: '0 0 29 2 *' } } });
    await until(
      'everyone is as desired',
      async () => (await audit(side, { limit: 20 })).usersInTrouble === 0,
    );

    const report = await audit(side, { limit: 20 });
    const { waiting_for_email_verification, account_handles, ...after } = incident.expected.after;
    expect(counted(report)).toMatchObject({
      ...after,
      waitingForEmailVerification: waiting_for_email_verification,
      issues: {},
    });
    expect(report.indexes.map(({ status }) => status)).toEqual(['fit', 'fit']);
    const handles = Object.entries(await accountHandles(side)).filter(([, { handle }]) => handle !== null);
    expect(handles.map(([user, { handle, code }]) => [user, handle === code ? '<code>' : handle])).toEqual(
      Object.entries(account_handles)
        .map(([user, handle]) => [user, handle.startsWith('<code>') ? '<code>' : handle])
        .sort(([a = ''], [b = '']) => incidentOrder(a) - incidentOrder(b)),
    );
    await expectSignUpDates(world);
  } finally {
    await side.close();
  }
});

function incidentOrder(userId: string): number {
  return incident.users.findIndex(({ user_id }) => user_id === userId);
}

/** The index that stood in the way under another name still stands, alone, and codes are of the year of the sign-up. */
async function expectSignUpDates({ db }: Platform): Promise<void> {
  expect((await db.collection('users').indexes()).map(({ name }) => name)).toEqual(['_id_', 'code_1']);
  const stored = await db.collection<Stored>('users').find().sort({ _id: 1 }).toArray();
  expect(stored).toHaveLength(incident.users.length);
  for (const user of stored) {
    const { created_at = '' } = incident.users.find(({ user_id }) => user_id === user._id) ?? {};
    expect(user['when']).toEqual(new Date(created_at));
    expect(user['code']).toMatch(/^ac25/);
  }
}
