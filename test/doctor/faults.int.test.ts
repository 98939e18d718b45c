/** `doctor` on a platform that is well, and on the same one with one thing broken at a time. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { examine } from '../../src/commands/doctor/doctor.ts';
import { systemClock } from '../../src/wiring/system.ts';
import { FAULTS } from './faults.ts';
import { findingsOn, type Healthy, healthyPlatform, withStream } from './patient.ts';

let world: Healthy;
beforeAll(async () => {
  world = await healthyPlatform();
});
afterAll(() => world.close());

test('a platform that is well has no findings, and every check was looked at', async () => {
  const { checks, findings } = await examine(() => world.config(), systemClock);
  expect(findings).toEqual([]);
  expect(checks.filter(({ status }) => status !== 'well')).toEqual([]);
});

test('nor has one whose log stream delivers to a Concord that answers', async () => {
  const service = await world.serve();
  const { restore } = await withStream(world, { endpoint: service.endpoint });
  const { checks, findings } = await examine(() => world.config(), systemClock);
  expect(findings).toEqual([]);
  const stream = checks.find(({ check }) => check === 'log stream');
  expect(stream).toMatchObject({ summary: 'Custom Webhook 2, active' });
  await Promise.all([restore?.(), service.stop()]);
});

describe('what is broken, alone', () => {
  test.each(FAULTS)('$name', async ({ code, what, mend, breakIt }) => {
    const broken = await breakIt(world);
    try {
      const findings = await findingsOn(world, broken);
      expect(findings).toEqual([
        {
          level: expect.any(String),
          code,
          what: expect.stringMatching(what),
          why: expect.stringMatching(/\.$/),
          mend: expect.stringMatching(mend),
        },
      ]);
      const said = JSON.stringify(findings);
      for (const secret of ['canary', world.logToken]) expect(said).not.toContain(secret);
    } finally {
      await broken.restore?.();
    }
  });

  test('is mended: nothing is left of it', async () => {
    expect(await findingsOn(world)).toEqual([]);
  });
});
