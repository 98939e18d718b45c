import { describe, expect, it } from 'vitest';
import type { IndexState } from '../../src/ports/documents.ts';
import { apply, plan, WANTED_INDEXES } from '../../src/reconcilers/indexes.ts';
import { alice, bob, code } from '../mongo/subjects/people.ts';
import { inMemoryDocuments, UNIQUE_CODE, UNIQUE_HANDLE } from '../support/in-memory/documents.ts';

const codeOnly = WANTED_INDEXES.filter(({ field }) => field === 'code');

describe('an index is judged by what it does', () => {
  const named = (changes: Partial<IndexState>): IndexState => ({ ...UNIQUE_CODE, ...changes });
  it.each([
    { reason: 'there is none', actual: [], status: 'missing', found: undefined },
    {
      reason: 'the one that is wanted',
      actual: [named({ name: 'code_unique' })],
      status: 'fit',
      found: 'code_unique',
    },
    {
      reason: 'another name, as in the incident',
      actual: [named({ name: 'code_1' })],
      status: 'fit',
      found: 'code_1',
    },
    {
      reason: 'the other direction orders the same',
      actual: [named({ key: [['code', -1]] })],
      status: 'fit',
      found: 'code_1',
    },
    {
      reason: 'the right name and not unique',
      actual: [named({ name: 'code_unique', unique: false })],
      status: 'unfit',
      found: 'code_unique',
    },
    {
      reason: 'only part of the documents',
      actual: [named({ partial: true })],
      status: 'unfit',
      found: 'code_1',
    },
    {
      reason: 'an unfit one beside a fit one',
      actual: [named({ name: 'old', unique: false }), named({})],
      status: 'fit',
      found: 'code_1',
    },
    {
      reason: 'unique over two fields lets a code be there twice',
      actual: [
        named({
          key: [
            ['code', 1],
            ['when', 1],
          ],
        }),
      ],
      status: 'missing',
      found: undefined,
    },
    {
      reason: 'the field in another collection',
      actual: [named({ collection: '@handles' })],
      status: 'missing',
      found: undefined,
    },
    {
      reason: 'the primary key only',
      actual: [named({ name: '_id_', key: [['_id', 1]] })],
      status: 'missing',
      found: undefined,
    },
  ] as const)('$reason', ({ actual, status, found }) => {
    expect(plan(codeOnly, actual)).toMatchObject([{ status, found }]);
  });

  it('each wanted index has its finding, in a fixed order', () => {
    const findings = plan(WANTED_INDEXES, [UNIQUE_HANDLE, UNIQUE_CODE]);
    expect(findings.map(({ index, status }) => [index.collection, index.field, status])).toEqual([
      ['users', 'code', 'fit'],
      ['@handles', 'handle', 'fit'],
    ]);
  });

  it('an unfit one comes with the command that removes it, quotes and all', () => {
    const unfit = { ...UNIQUE_HANDLE, name: 'a "name"', unique: false };
    const [, finding] = plan(WANTED_INDEXES, [unfit]);
    expect(finding?.message).toContain('db.getCollection("@handles").dropIndex("a \\"name\\"")');
  });
});

describe('applying', () => {
  it('creates what is missing, and then nothing is', async () => {
    const documents = inMemoryDocuments();
    documents.indexStates.splice(0);
    await apply(documents, plan(WANTED_INDEXES, await documents.indexes()));
    await apply(documents, plan(WANTED_INDEXES, await documents.indexes()));
    expect(plan(WANTED_INDEXES, await documents.indexes()).map(({ status }) => status)).toEqual([
      'fit',
      'fit',
    ]);
    expect(documents.indexStates).toHaveLength(2);
    await documents.createUser(alice.user, code('ac26nobeb'), new Date(0));
    expect(await documents.createUser(bob.user, code('ac26nobeb'), new Date(0))).toBe('code-taken');
  });

  it('leaves what is unfit to a person', async () => {
    const documents = inMemoryDocuments();
    const unfit = [{ ...UNIQUE_CODE, unique: false }, UNIQUE_HANDLE];
    documents.indexStates.splice(0, 2, ...unfit);
    await apply(documents, plan(WANTED_INDEXES, await documents.indexes()));
    expect(await documents.indexes()).toEqual(unfit);
  });
});

it('what sign-ups rest on: a code or none, and a handle for every row', () => {
  expect(WANTED_INDEXES).toEqual([
    { collection: 'users', field: 'code', sparse: true, name: 'code_unique' },
    { collection: '@handles', field: 'handle', sparse: false, name: 'handle_1' },
  ]);
});
