import { expect, it } from 'vitest';
import { createUnknownCodes } from '../../../src/engine/intake/unknown-codes.ts';
import { parseTenantId, type TenantId } from '../../../src/identity.ts';
import { createLogger } from '../../../src/logger.ts';

const tenant = parseTenantId('test') as TenantId;
const logger = createLogger({ level: 'silent', pretty: false });

function remembering() {
  const codes = new Set<string>();
  const asked: string[] = [];
  const isFirst = async (code: string): Promise<boolean> => {
    asked.push(code);
    const isNew = !codes.has(code);
    codes.add(code);
    return isNew;
  };
  return { seen: { isFirst }, asked };
}

it('tells of each code once, and asks the database once in each process', async () => {
  const { seen, asked } = remembering();
  const told: TenantId[] = [];
  const deps = { seen, logger, onFirst: (one: TenantId) => void told.push(one) };
  const [first, second] = [createUnknownCodes(deps), createUnknownCodes(deps)];
  await first(tenant, new Set(['new1', 'new2']));
  await first(tenant, new Set(['new1']));
  await second(tenant, new Set(['new1']));
  expect(told).toEqual([tenant, tenant]);
  expect(asked).toEqual(['new1', 'new2', 'new1']);
});

it('asks again for a code that could not be remembered, and fails nothing by it', async () => {
  const { seen } = remembering();
  let isAway = true;
  const told: TenantId[] = [];
  const tell = createUnknownCodes({
    seen: { isFirst: async (code) => (isAway ? Promise.reject(new Error('away')) : seen.isFirst(code)) },
    logger,
    onFirst: (one) => void told.push(one),
  });
  await tell(tenant, new Set(['new1']));
  expect(told).toEqual([]);
  isAway = false;
  await tell(tenant, new Set(['new1']));
  expect(told).toEqual([tenant]);
});
