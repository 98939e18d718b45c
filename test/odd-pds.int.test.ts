/** Rows of a real PDS that none of its methods makes, as a repair by hand or a migration leaves them: one costs no other. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sweep } from '../src/engine/sweep/sweep.ts';
import { type OpenedPds, openedPds } from './faults/support/opened-pds.ts';
import { conditionOf, join, type Member, passOver, storedMember } from './support/member.ts';
import { platform } from './support/platform.ts';

let pds: OpenedPds;
beforeAll(async () => {
  // The PDS reads it when it is loaded.
  process.env['LOG_ENABLED'] = 'false';
  pds = await openedPds({ isUnchecked: true });
});
afterAll(() => pds?.stop());

test('an account without a handle, one without an address and a repository of no DID leave all others as they are', async () => {
  const world = await platform({ pds });
  const engine = world.engine();
  await engine.prepare();
  const [alice, bob, carol] = [join(world, 'alice'), join(world, 'bob'), join(world, 'carol')];
  for (const who of [alice, bob, carol])
    expect(await passOver(engine.converge, who)).toMatchObject({ end: 'converged' });
  const didOf = async (who: Member) => {
    const did = (await storedMember(world, who))?.atproto?.did;
    if (did === undefined) throw new Error(`${who.user} has no account`);
    return did as never;
  };
  const [first, second, third] = [await didOf(alice), await didOf(bob), await didOf(carol)];

  const { rows } = pds;
  await rows
    .updateTable('actor')
    .set({ handle: 'no handle' as never })
    .where('did', '=', first)
    .execute();
  await rows.deleteFrom('account').where('did', '=', second).execute();
  const createdAt = new Date(0).toISOString();
  const nobody = { did: 'nobody' as never, handle: null, createdAt };
  await rows.insertInto('actor').values(nobody).execute();
  const root = await rows.selectFrom('repo_root').selectAll().executeTakeFirstOrThrow();
  const another = { ...root, did: 'nobody' as never };
  await rows.insertInto('repo_root').values(another).execute();

  const { accounts } = engine.converge;
  const found = await accounts.accounts([first, second, third]);
  expect(found.get(first)).toBe('unreadable');
  expect(found.get(second)).toMatchObject({ did: second, email: undefined });
  expect(found.get(third)).toMatchObject({ did: third, email: carol.email });
  const listed = [];
  for await (const page of accounts.repositories()) listed.push(...page);
  expect(listed).toHaveLength(4);
  expect(listed).toEqual(
    expect.arrayContaining([
      'unreadable',
      ...[first, second, third].map((did) => expect.objectContaining({ did })),
    ]),
  );

  const [tenant] = engine.tenants;
  if (tenant === undefined) throw new Error('There is no tenant.');
  expect(await sweep(engine.sweep, tenant)).toMatchObject({ type: 'over', halts: [] });
  for (const who of [alice, bob, carol]) await passOver(engine.converge, who);
  expect(await conditionOf(engine, alice, 'account')).toMatchObject({
    status: 'Unknown',
    reason: 'NotObserved',
  });
  expect(await conditionOf(engine, carol, 'account')).toMatchObject({ reason: 'AccountActive' });
  for (const [who, did] of [
    [alice, first],
    [bob, second],
    [carol, third],
  ] as const)
    expect(await didOf(who)).toBe(did);
  expect(pds.dids()).toBe(3);
});
