/** Imports: what is decided for each shape, and what holds of every database. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planImport } from '../../../src/engine/operations/import/plan.ts';
import type {
  ImportContext,
  KnownToLog,
  UserImport,
} from '../../../src/engine/operations/import/plan-state.ts';
import { type ImportDeps, importOld } from '../../../src/engine/operations/import/run.ts';
import { CredentialsError } from '../../../src/errors.ts';
import type { OldAccount, OldDocument, OldUser } from '../../../src/ports/old-documents.ts';
import {
  NO_OLD_DOCUMENT,
  oldDocumentsContract,
  oldUser,
} from '../../mongo/platform/old-documents.contract.ts';
import { alice, aliceDid, bob, bobDid, code, handle, tenant } from '../../mongo/subjects/people.ts';
import { account } from '../../support/in-memory/account-plan.ts';
import { inMemoryOldDocuments } from '../../support/in-memory/old-documents.ts';
import { createWorld } from '../../support/in-memory/world.ts';

describe('older documents in memory', () => {
  oldDocumentsContract(async (users) => inMemoryOldDocuments(users));
});

const LOST = 'v1.lost';

function open(stored: string): string {
  if (stored === LOST) throw new CredentialsError('no key', 'CREDENTIAL_KEY_MISSING');
  return stored.replace(/^sealed:/, '');
}

const context: ImportContext = {
  ...{ codes: new Map(), dids: new Map(), codeHolders: new Map() },
  accounts: new Map([
    [aliceDid, account({ did: aliceDid, handle: handle('alice') })],
    [bobDid, account({ did: bobDid, handle: handle('bob') })],
  ]),
  ...{ locations: new Map(), domains: ['.at.test'], open },
};

const c1 = code('ac19bebac');
const c2 = code('AC23Bebac');
const old: OldAccount = { did: aliceDid, handle: handle('alice'), password: 'secret', createdAt: undefined };
const unreadable = { ...old, did: undefined };

function user(document: Partial<OldDocument> | undefined, changes: Partial<OldUser> = {}): OldUser {
  return oldUser(alice.user, { document: document && { ...NO_OLD_DOCUMENT, ...document }, ...changes });
}

type Row = readonly [
  name: string,
  user: OldUser,
  expected: Partial<UserImport> & { readonly reasons?: readonly string[] },
  known?: KnownToLog | undefined,
  changes?: Partial<ImportContext>,
];

const moved = { did: aliceDid, handle: handle('alice'), createdAt: undefined, hasPassword: true };
const told = { code: null, record: aliceDid };

const ROWS: readonly Row[] = [
  ['nothing', user({}), { isRight: false }],
  ['a code in users alone', user({ code: c2 }), { isRight: false }],
  [
    'the same code in both',
    user({ code: c1 }, { legacyCode: c1 }),
    { isRight: true, tell: { code: c1, record: null } },
  ],
  ['a code in @handles', user({}, { legacyCode: c1 }), { code: c1, tell: { code: c1, record: null } }],
  ['the same without a document', user(undefined, { legacyCode: c1 }), { follows: ['document'] }],
  [
    'the same, and another row has it',
    user({}, { legacyCode: c1 }),
    { reasons: ['CodeShared'] },
    undefined,
    { codes: new Map([[c1, [alice.user, bob.user]]]) },
  ],
  [
    'the same, and another document has it',
    user({}, { legacyCode: c1 }),
    { reasons: ['CodeShared'] },
    undefined,
    { codeHolders: new Map([[c1, bob.user]]) },
  ],
  [
    'the same, and the log has another one',
    user({}, { legacyCode: c1 }),
    { reasons: ['CodesDiffer'] },
    { code: c2, record: undefined, account: undefined },
  ],
  ['two codes', user({ code: c2 }, { legacyCode: c1 }), { reasons: ['CodesDiffer'] }],
  [
    'a code that is no text',
    user({ hasUnreadableCode: true }, { legacyCode: c1 }),
    { reasons: ['CodeUnreadable'] },
  ],
  ['a row whose code is none', user({}, { hasUnreadableLegacyCode: true }), { reasons: ['CodeUnreadable'] }],
  ['an account in atproto alone', user({ account: old }), { isRight: false }],
  ['an account in the old fields', user({ old }), { account: moved, tell: told }],
  [
    'the same, known',
    user({ account: old, old }),
    { isRight: true },
    { code: undefined, record: aliceDid, account: aliceDid },
  ],
  [
    'the same, and atproto was removed',
    user({ old }),
    { reasons: ['DocumentRemoved'] },
    { code: undefined, record: aliceDid, account: aliceDid },
  ],
  [
    'the same, and another document names it',
    user({ old }),
    { reasons: ['AccountShared'] },
    undefined,
    { dids: new Map([[aliceDid, [alice.user, bob.user]]]) },
  ],
  ['no DID', user({ old: unreadable }), { reasons: ['AccountUnreadable'] }],
  ['no DID in atproto', user({ account: unreadable, old }), { reasons: ['AccountUnreadable'] }],
  [
    'two accounts',
    user({ account: { ...old, did: bobDid, handle: handle('bob') }, old }),
    { reasons: ['AccountsDiffer'] },
  ],
  ['no DID beside one', user({ account: old, old: unreadable }), { reasons: ['AccountUnreadable'] }],
  [
    'a password in the old fields alone',
    user({ account: { ...old, password: undefined }, old }),
    { passwordFor: aliceDid, tell: told },
  ],
  [
    'a password that is sealed in one place',
    user({ account: { ...old, password: 'sealed:secret' }, old }),
    { isRight: true, tell: told },
  ],
  [
    'two passwords',
    user({ account: { ...old, password: 'other' }, old }),
    { reasons: ['PasswordsDiffer'], isRight: true, tell: told },
  ],
  [
    'a password that no key opens',
    user({ old: { ...old, password: LOST } }),
    { account: { ...moved, hasPassword: false }, reasons: ['PasswordUnreadable'], tell: told },
  ],
  [
    'an account that is gone',
    user({ old: { ...old, handle: handle('alice') } }),
    { account: moved, reasons: ['AccountMissing'] },
    undefined,
    { accounts: new Map(), locations: new Map([[aliceDid, { type: 'nowhere' }]]) },
  ],
  [
    'an account on another PDS',
    user({ old }),
    { account: moved, elsewhere: 'https://elsewhere.example' },
    undefined,
    {
      accounts: new Map(),
      locations: new Map([[aliceDid, { type: 'elsewhere', origin: 'https://elsewhere.example' }]]),
    },
  ],
  [
    'another handle than the PDS has',
    user({ account: { ...old, handle: handle('older') } }),
    { follows: ['handle'] },
  ],
  [
    'a handle of a foreign domain on the PDS',
    user({ account: old }),
    { foreignHandle: handle('alice') },
    undefined,
    { domains: ['.new.test'] },
  ],
];

describe('planImport', () => {
  it.each(ROWS.map((row) => ({ name: row[0], row })))('$name', ({ row }) => {
    const [, one, { reasons = [], ...expected }, known, changes] = row;
    const { decisions, user: _user, ...plan } = planImport(one, true, known, { ...context, ...changes });
    const nothing = {
      ...{ isUser: true, code: undefined, account: undefined, passwordFor: undefined, isRight: false },
      ...{ tell: undefined, follows: [], elsewhere: undefined, foreignHandle: undefined },
    };
    expect(plan).toEqual({ ...nothing, ...expected });
    expect(decisions.map(({ reason }) => reason)).toEqual(reasons);
    for (const { message } of decisions) expect(message).not.toContain('secret');
  });

  it('does nothing for a key of no tenant', () => {
    const plan = planImport(user({ old }, { legacyCode: c1 }), false, undefined, context);
    expect(plan).toMatchObject({ isUser: false, code: undefined, account: undefined, decisions: [] });
  });
});

// ── Any database ──

const dids = [aliceDid, bobDid, undefined];
const anyAccount = fc.option(
  fc.record({
    did: fc.constantFrom(...dids),
    handle: fc.constantFrom(handle('alice'), undefined),
    password: fc.constantFrom('one', 'two', 'sealed:one', LOST, undefined),
    createdAt: fc.constant(undefined),
  }),
  { nil: undefined },
);
const anyCode = fc.constantFrom(c1, c2, code('ac20fofuf'), undefined);
const anyUsers = fc
  .array(
    fc.record({
      document: fc.option(
        fc.record({
          code: anyCode,
          hasUnreadableCode: fc.constant(false),
          account: anyAccount,
          old: anyAccount,
        }),
        { nil: undefined },
      ),
      legacyCode: anyCode,
    }),
    { maxLength: 6 },
  )
  .map((all) => {
    // What the unique index on codes lets be.
    const seen = new Set<string>();
    return all.map(({ document, legacyCode }, at) => {
      const isTaken = document?.code !== undefined && seen.has(document.code);
      if (document?.code !== undefined) seen.add(document.code);
      return oldUser(`auth0|${at}`, {
        document: isTaken && document ? { ...document, code: undefined } : document,
        legacyCode,
      });
    });
  });

function importing(users: readonly OldUser[]) {
  const world = createWorld();
  const documents = inMemoryOldDocuments(users);
  const { subjects, log, clock, random, queue } = world;
  const deps: ImportDeps = {
    ...{ documents, subjects, events: log, tenants: [{ id: tenant, keyPrefix: '' }] },
    accounts: { accounts: async () => context.accounts, handleDomains: async () => context.domains },
    dids: { serviceOf: async () => ({ type: 'nowhere' }) },
    vault: { open, seal: (password) => `sealed:${password}` },
  };
  const writer = { documents, log, queue, clock, random, by: 'carol' };
  return { world, documents, deps, applying: { ...deps, writer }, writer };
}

describe('an import', () => {
  it('does once what it does twice, as its dry run says, and changes nothing that is newer', async () => {
    await fc.assert(
      fc.asyncProperty(anyUsers, async (users) => {
        const { world, documents, deps, applying } = importing(users);
        const dry = await importOld(deps);
        expect([...documents.stored.values()]).toEqual(users);
        expect(world.log.events).toEqual([]);

        const done = await importOld(applying);
        expect(done).toEqual(dry);
        for (const before of users) {
          const after = documents.stored.get(before.key);
          const { code: was, account: had, old: olds } = before.document ?? NO_OLD_DOCUMENT;
          expect(after?.document?.old).toEqual(olds);
          expect(after?.legacyCode).toEqual(before.legacyCode);
          if (was !== undefined) expect(after?.document?.code).toBe(was);
          if (had !== undefined) expect(after?.document?.account?.did).toBe(had.did);
          if (had?.password !== undefined) expect(after?.document?.account).toEqual(had);
        }
        const codes = [...documents.stored.values()].flatMap(({ document }) => document?.code ?? []);
        expect(new Set(codes).size).toBe(codes.length);

        const events = [...world.log.events];
        const stored = new Map(documents.stored);
        const again = await importOld(applying);
        expect([again.moved, again.told, again.changed]).toEqual([[], 0, 0]);
        expect(world.log.events).toEqual(events);
        expect(documents.stored).toEqual(stored);
      }),
    );
  });

  it('that broke off before the log was told is made up for by the next one', async () => {
    const { world, applying, writer, documents } = importing([user({ old }, { legacyCode: c1 })]);
    const log = { append: () => Promise.reject(new Error('killed')) };
    await expect(importOld({ ...applying, writer: { ...writer, log } })).rejects.toThrow('killed');
    expect(documents.stored.get(alice.user)?.document).toMatchObject({
      code: c1,
      account: { did: aliceDid },
    });

    expect(await importOld(applying)).toMatchObject({ moved: [], told: 1 });
    expect(world.log.events).toMatchObject([
      { type: 'user-document.imported', user: alice.user, data: { by: 'carol', code: c1, record: aliceDid } },
    ]);
    expect(await world.queue.nextDueAt()).toBeDefined();
  });
});
