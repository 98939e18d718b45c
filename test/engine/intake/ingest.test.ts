import { describe, expect, it } from 'vitest';
import type { LogTenant } from '../../../src/engine/intake/delivered.ts';
import { ingest } from '../../../src/engine/intake/ingest.ts';
import { parseTenantId } from '../../../src/identity.ts';
import { inMemoryStores } from '../../http/in-memory-stores.ts';

const NOW = new Date('2025-10-16T08:00:00.000Z');
const ALICE = 'auth0|alice';
const BOB = 'auth0|bob';

function tenant(): LogTenant {
  const id = parseTenantId('first');
  if (id === undefined) throw new Error('not a tenant id');
  return { id, keyPrefix: 'p-' };
}

function entry(log_id: string, user_id: unknown, date = '2025-10-14T13:29:20.565Z'): unknown {
  return { log_id, data: { type: 'ss', user_id, date } };
}

describe('ingest', () => {
  it('puts entries into the log, then marks their users due, then keeps the rejects', async () => {
    const stores = inMemoryStores(NOW);
    const entries = [entry('1', ALICE), entry('2', BOB), entry('3', ''), entry('4', 7), null];
    const result = await ingest(stores, tenant(), entries);
    const ignoredFor = { 'no-subject': 1 };
    expect(result).toEqual({ accepted: 2, duplicates: 0, ignored: 1, ignoredFor, rejected: 2 });
    expect(stores.calls).toEqual(['append', 'markDue', 'onDue', 'rejects', 'ignored']);
    expect([...stores.events.keys()]).toEqual(['first:1', 'first:2']);
    expect([...stores.due.keys()]).toEqual(['p-auth0|alice', 'p-auth0|bob']);
    expect(stores.rejected.map((reject) => reject.reason)).toEqual([
      'data.user_id is not a string',
      'the entry is not an object',
    ]);
    expect(stores.rejected[0]).toMatchObject({ tenant: 'first', receivedAt: NOW });
  });

  it('touches nothing when there is nothing', async () => {
    const stores = inMemoryStores(NOW);
    expect(await ingest(stores, tenant(), [])).toEqual({
      accepted: 0,
      duplicates: 0,
      ignored: 0,
      ignoredFor: {},
      rejected: 0,
    });
    expect(stores.calls).toEqual([]);
  });

  it('counts by reason what names no user, or one that is excluded, and does nothing else', async () => {
    const stores = inMemoryStores(NOW);
    const ids = ['', null, 'undefined', 'nobody1', 'k3@clients', 'alice@example.com', ALICE];
    const to = { ...tenant(), excludedBy: (key: string) => (key === `p-${ALICE}` ? ALICE : undefined) };
    const ignoredFor = { 'no-subject': 2, 'not-a-user-id': 4, excluded: 1 };
    const result = await ingest(
      { ...stores, keepUnrelated: false },
      to,
      ids.map((id, at) => entry(`${at}`, id)),
    );
    expect(result).toMatchObject({ accepted: 0, ignored: 7, ignoredFor, rejected: 0 });
    expect(stores.calls).toEqual(['ignored']);
    expect(stores.ignoredFor).toEqual(ignoredFor);
  });

  it('tells of codes that Auth0 does not document, each once, when all is durable', async () => {
    const stores = inMemoryStores(NOW);
    const told: (readonly string[])[] = [];
    const onUnknownCodes = async (_tenant: unknown, codes: ReadonlySet<string>) => {
      expect(stores.calls).toEqual(['append', 'markDue', 'onDue']);
      told.push([...codes]);
    };
    const entries = ['ss', 'new1', 'new1', 'new2'].map((type, at) => ({
      log_id: `${at}`,
      data: { type, user_id: ALICE, date: '2025-10-14T13:29:20.565Z' },
    }));
    await ingest({ ...stores, onUnknownCodes }, tenant(), entries);
    expect(told).toEqual([['new1', 'new2']]);
  });

  it('keeps nothing of an excluded user, also where it keeps what concerns nobody', async () => {
    const stores = inMemoryStores(NOW);
    const to = { ...tenant(), excludedBy: () => '*' };
    const result = await ingest({ ...stores, keepUnrelated: true }, to, [entry('1', ALICE), entry('2', 'x')]);
    expect(result).toMatchObject({ accepted: 1, ignoredFor: { excluded: 1 } });
    expect([...stores.events.keys()]).toEqual(['first:2']);
    expect(stores.due.size).toBe(0);
  });

  it('marks a user due once, with the newest cause, whatever the order of delivery', async () => {
    const stores = inMemoryStores(NOW);
    await ingest(stores, tenant(), [
      entry('1', ALICE, '2025-10-14T10:00:00.000Z'),
      entry('2', ALICE, '2025-10-14T12:00:00.000Z'),
      entry('3', ALICE, '2025-10-14T11:00:00.000Z'),
    ]);
    expect([...stores.due.values()]).toEqual([
      { user: 'p-auth0|alice', tenant: 'first', userId: ALICE, cause: 'first:2' },
    ]);
  });

  it('counts a log_id that is twice in a batch once as accepted and once as duplicate', async () => {
    const stores = inMemoryStores(NOW);
    const entries = [entry('1', ALICE), entry('1', ALICE)];
    expect(await ingest(stores, tenant(), entries)).toMatchObject({ accepted: 1, duplicates: 1 });
    expect(await ingest(stores, tenant(), entries)).toMatchObject({ accepted: 0, duplicates: 2 });
    expect(stores.events.size).toBe(1);
  });

  it('a crash between log and queue is healed by redelivery, which marks duplicates due', async () => {
    const stores = inMemoryStores(NOW);
    const entries = [entry('1', ALICE), entry('2', BOB)];
    stores.failOnce('markDue', new Error('crash'));
    await expect(ingest(stores, tenant(), entries)).rejects.toThrow('crash');
    expect(stores.events.size).toBe(2);
    expect(stores.due.size).toBe(0);
    expect(stores.calls).not.toContain('onDue');

    expect(await ingest(stores, tenant(), entries)).toMatchObject({ accepted: 0, duplicates: 2 });
    expect([...stores.due.keys()]).toEqual(['p-auth0|alice', 'p-auth0|bob']);
    expect(stores.calls).toContain('onDue');
  });

  it('marks nobody due when the log cannot be written', async () => {
    const stores = inMemoryStores(NOW);
    stores.failOnce('append', new Error('no majority'));
    await expect(ingest(stores, tenant(), [entry('1', ALICE), null])).rejects.toThrow('no majority');
    expect(stores.calls).toEqual([]);
  });

  it('fails when the rejects cannot be kept, and the repeat keeps them', async () => {
    const stores = inMemoryStores(NOW);
    stores.failOnce('rejects', new Error('disk full'));
    await expect(ingest(stores, tenant(), [entry('1', ALICE), null])).rejects.toThrow('disk full');
    expect(await ingest(stores, tenant(), [entry('1', ALICE), null])).toEqual({
      accepted: 0,
      duplicates: 1,
      ignored: 0,
      ignoredFor: {},
      rejected: 1,
    });
    expect(stores.rejected).toHaveLength(1);
  });

  it('counts every reject and keeps equal ones once', async () => {
    const stores = inMemoryStores(NOW);
    const result = await ingest(
      stores,
      tenant(),
      [null, null, 1],
      [{ reason: 'the line is not JSON', raw: '{' }],
    );
    expect(result.rejected).toBe(4);
    expect(stores.rejected.map(({ reason, raw, count }) => [reason, raw, count])).toEqual([
      ['the entry is not an object', 'null', 2],
      ['the entry is not an object', '1', 1],
      ['the line is not JSON', '{', 1],
    ]);
  });

  it('keeps the first rejects of a large batch, counts the rest, and takes in what is between them', async () => {
    const stores = inMemoryStores(NOW);
    const garbage = Array.from({ length: 5_000 }, (_, at) => at);
    const entries = [...garbage.slice(0, 2_500), entry('1', ALICE), ...garbage.slice(2_500), entry('2', BOB)];
    const counted = { reason: 'the line is not JSON', count: 300 };
    const result = await ingest(stores, tenant(), entries, [{ reason: 'broken', raw: '{' }, counted]);
    expect(result).toMatchObject({ accepted: 2, rejected: 5_301 });
    expect([...stores.due.keys()]).toEqual([`p-${ALICE}`, `p-${BOB}`]);
    expect(stores.rejected).toHaveLength(102);
    expect(stores.rejected.slice(-2).map(({ reason, raw, count }) => [reason, raw, count])).toEqual([
      ['the line is not JSON', '', 300],
      ['more entries of one delivery could not be read than are kept', '', 4_901],
    ]);
  });

  it('appends a large batch in parts, each of which makes its users due, and leaves time for others', async () => {
    const stores = inMemoryStores(NOW);
    const entries = Array.from({ length: 3_500 }, (_, at) => entry(`${at}`, `auth0|${at % 2_000}`));
    expect(await ingest(stores, tenant(), entries)).toMatchObject({ accepted: 3_500, duplicates: 0 });
    const parts = Array.from({ length: 4 }, () => ['append', 'markDue', 'onDue']);
    expect(stores.calls).toEqual(parts.flat());
    expect(stores.due.size).toBe(2_000);
    stores.failOnce('append', new Error('crash'));
    await expect(ingest(stores, tenant(), entries)).rejects.toThrow('crash');
  });

  it('of two entries of one moment the later in the batch is the cause', async () => {
    const stores = inMemoryStores(NOW);
    await ingest(stores, tenant(), [entry('2', ALICE), entry('1', ALICE)]);
    expect([...stores.due.values()].map(({ cause }) => cause)).toEqual(['first:1']);
  });

  describe('of a user with several entries in a batch', () => {
    const typed = (type: string, log_id: string, date: string): unknown => ({
      log_id,
      data: { type, user_id: ALICE, date },
    });

    it('the trigger is routine if all of them are', async () => {
      const stores = inMemoryStores(NOW);
      await ingest(stores, tenant(), [
        typed('s', '1', '2025-10-14T10:00:00.000Z'),
        typed('seacft', '2', '2025-10-14T11:00:00.000Z'),
      ]);
      expect([...stores.due.values()]).toMatchObject([{ cause: 'first:2', isRoutine: true }]);
    });

    it.each([
      ['first', ['sce', 's', 's']],
      ['in the middle', ['s', 'sce', 's']],
      ['last', ['s', 's', 'sce']],
      ['of a code that nobody knows', ['s', 'zz_future_code', 's']],
    ])('one that is not wins: %s', async (_, codes) => {
      const stores = inMemoryStores(NOW);
      const entries = codes.map((code, index) => typed(code, `${index}`, `2025-10-14T1${index}:00:00.000Z`));
      await ingest(stores, tenant(), entries);
      const [due] = stores.due.values();
      expect(due).toEqual({ user: 'p-auth0|alice', tenant: 'first', userId: ALICE, cause: 'first:2' });
    });
  });

  it('keeps what concerns nobody where that is wanted, and marks nobody due', async () => {
    const stores = inMemoryStores(NOW);
    const unrelated = [entry('1', '')];
    expect(await ingest({ ...stores, keepUnrelated: true }, tenant(), unrelated)).toMatchObject({
      accepted: 1,
      ignored: 0,
    });
    expect(stores.calls).toEqual(['append']);
  });

  it('needs nobody to be woken', async () => {
    const stores = { ...inMemoryStores(NOW), queue: { markDue: async () => {} } };
    expect(await ingest(stores, tenant(), [entry('1', ALICE)])).toMatchObject({ accepted: 1 });
  });
});
