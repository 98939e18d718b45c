/** What is made of servers that no test can start: a set without its majority, one without a journal, a cluster. */
import { expect, test } from 'vitest';
import { mongodbChecks } from '../../src/doctor/mongodb.ts';
import { UpstreamError } from '../../src/errors.ts';
import type { MongodbInspection, MongodbServer } from '../../src/ports/inspection.ts';

const SERVER: MongodbServer = {
  ...{ version: '8.0.4', replicaSet: 'rs0', isRouter: false, members: 3, aheadMs: 0 },
};

interface Kind {
  readonly server?: Partial<MongodbServer>;
  readonly confirms?: boolean;
  readonly journaled?: boolean | undefined;
  readonly refuses?: string;
}

async function codesOf(kind: Kind): Promise<readonly string[]> {
  const { server = {}, confirms = true, refuses } = kind;
  const mongodb: MongodbInspection = {
    server: async () => ({ ...SERVER, ...server }),
    majorityConfirms: async () => confirms,
    isJournaled: async () => ('journaled' in kind ? kind.journaled : true),
    lacking: async () => undefined,
    collated: async () => [],
    indexes: async () => [],
    sharedValues: async () => [],
    accountHandles: async () => [],
  };
  const open = async () => {
    if (refuses === undefined) return;
    throw new UpstreamError('MongoDB could not connect.', {
      ...{ upstream: 'mongodb', code: refuses, retryable: false },
    });
  };
  const seen = await Promise.all(mongodbChecks(() => ({ mongodb, open })).map(({ run: look }) => look()));
  return seen.flatMap(({ findings }) => findings.map(({ code }) => code));
}

test.each<[reason: string, kind: Kind, codes: readonly string[]]>([
  ['a replica set that is whole', {}, []],
  ['a router, which is in no set itself', { server: { replicaSet: undefined, isRouter: true } }, []],
  ['a set that has lost its majority', { confirms: false }, ['NO_MAJORITY']],
  ['a server without a journal', { journaled: false }, ['NOT_JOURNALED']],
  ['what may not be seen is not taken for wrong', { journaled: undefined }, []],
  ['a password that is refused', { refuses: 'UNAUTHENTICATED' }, ['MONGODB_REFUSES']],
  ['nobody there', { refuses: 'UNREACHABLE' }, ['MONGODB_UNREACHABLE']],
  [
    'a server that an older driver would still speak to',
    { server: { version: '3.6.23' } },
    ['MONGODB_TOO_OLD'],
  ],
])('%s', async (_reason, kind, codes) => {
  expect(await codesOf(kind)).toEqual(codes);
});
