/** P6: what looking at every entry of a body costs, held against parsing the body. */
import { readEntry } from '../../src/engine/intake/auth0-log.ts';
import type { Bench, Claim, Family } from '../claim.ts';
import { newBatch } from '../support/entries.ts';

const P6: Claim = {
  id: 'P6',
  name: 'validation of a body of 100',
  against: 'JSON.parse of the same body',
  unit: 'ms',
  aim: { atMost: 0.4 },
};

export const validation: Family = { claims: [P6], measure };

async function measure(bench: Bench): Promise<void> {
  // Many bodies, since one that is parsed again and again is parsed from the processor's cache.
  const bodies = Array.from({ length: 200 }, () => JSON.stringify(newBatch()));
  const parsed = bodies.map((body) => JSON.parse(body) as unknown[]);
  const each = (work: (at: number) => unknown) => async (): Promise<number> => {
    let done = 0;
    const startedAt = performance.now();
    for (const at of bodies.keys()) if (work(at) !== undefined) done += 1;
    const ms = performance.now() - startedAt;
    if (done !== bodies.length) throw new Error('a body was not read');
    return ms / bodies.length;
  };
  const ours = each((at) => {
    for (const entry of parsed[at] ?? []) if (readEntry(entry).type !== 'about-user') return undefined;
    return at;
  });
  const against = each((at) => JSON.parse(bodies[at] ?? ''));
  await bench.compare(P6, { ours, against }, { full: 60, quick: 15 });
}
