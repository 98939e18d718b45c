/** What every store of the totals of ignored entries and changes promises. */
import { expect, it } from 'vitest';
import type { IgnoredTotals } from '../../../src/ports/intake.ts';
import { at, otherTenant, tenant } from '../subjects/people.ts';

export function ignoredContract(open: () => Promise<IgnoredTotals>): void {
  it('are summed by tenant and reason, with the first and the last time', async () => {
    const totals = await open();
    await totals.add(tenant, { 'not-a-user-id': 2, excluded: 1 }, at(20));
    await totals.add(tenant, { 'not-a-user-id': 3 }, at(10));
    await totals.add(otherTenant, { 'no-subject': 1 }, at(30));
    expect(await totals.read([tenant])).toEqual([
      { tenant, reason: 'excluded', count: 1, firstAt: at(20), lastAt: at(20) },
      { tenant, reason: 'not-a-user-id', count: 5, firstAt: at(10), lastAt: at(20) },
    ]);
    expect(await totals.read([otherTenant, tenant])).toHaveLength(3);
    expect(await totals.read([])).toEqual([]);
  });

  it('count every one of many at once', async () => {
    const totals = await open();
    await Promise.all(
      Array.from({ length: 20 }, (_, seconds) => totals.add(tenant, { 'no-subject': 1 }, at(seconds))),
    );
    expect(await totals.read([tenant])).toEqual([
      { tenant, reason: 'no-subject', count: 20, firstAt: at(0), lastAt: at(19) },
    ]);
  });
}
