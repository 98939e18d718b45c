import { expect, test } from 'vitest';
import { systemClock, systemRandom } from '../../src/wiring/system.ts';

const HOUR_MS = 3_600_000;

test('a delay ends when its signal aborts, and does not reject', async () => {
  const controller = new AbortController();
  const delayed = systemClock.delay(HOUR_MS, controller.signal);
  controller.abort(new Error('stopping'));
  await expect(delayed).resolves.toBeUndefined();
  await expect(systemClock.delay(HOUR_MS, controller.signal)).resolves.toBeUndefined();
  await expect(systemClock.delay(0)).resolves.toBeUndefined();
});

test('ids are unique and in the order of time', () => {
  const ids = Array.from({ length: 1000 }, () => systemRandom.id());
  expect([...ids].sort()).toEqual(ids);
  expect(new Set(ids).size).toBe(1000);
  expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('whole numbers stay below their limit', () => {
  const drawn = new Set(Array.from({ length: 200 }, () => systemRandom.int(3)));
  expect([...drawn].sort()).toEqual([0, 1, 2]);
});
