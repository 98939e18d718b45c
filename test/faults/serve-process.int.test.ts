/** `serve` as a supervisor runs it: several processes, signals, rotated secrets, and a log that no one reads any more. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Platform, platform, SANDBOX_CONFIG, TENANT } from '../support/platform.ts';
import { temporaryDirectory } from '../support/program.ts';
import { until } from '../support/until.ts';
import { configWith, serve } from './support/serving.ts';

const SWEEP_EVERY_MS = 5_000;

async function sweepsOf({ db }: Platform): Promise<{ ended: number; tick: number } | undefined> {
  const runs = db.collection<{ _id: string; ended?: number; tick?: Date }>('concord.cursors');
  const run = await runs.findOne({ _id: `sweep:${TENANT}` });
  return run?.ended === undefined || run.tick === undefined
    ? undefined
    : { ended: run.ended, tick: run.tick.getTime() };
}

test('three processes sweep once a tick, and the last one goes on when the others are killed', {
  timeout: 300_000,
}, async () => {
  const world = await platform();
  const text = await readFile(SANDBOX_CONFIG, 'utf8');
  const config = await configWith(text.replace("sweep: '*/2 * * * *'", "sweep: '*/5 * * * * *'"));
  const processes = await Promise.all([0, 1, 2].map(() => serve(world.env, config)));
  const ready = (url: string) => async () => (await fetch(`${url}/readyz`)).ok;
  for (const { url } of processes) await until('it is ready', ready(url));

  const sweeps = (what: string, since: number, count: number) =>
    until(what, async () => {
      const now = await sweepsOf(world);
      return now !== undefined && now.ended >= since + count ? now : undefined;
    });
  // The sweeps of the start are none of a tick.
  const first = await sweeps('a tick was swept', 0, 4);
  const later = await sweeps('three more were', first.ended, 3);
  expect(later.ended - first.ended).toBeLessThanOrEqual((later.tick - first.tick) / SWEEP_EVERY_MS);
  const log = world.db.collection('concord.events');
  // One may have begun that has not ended.
  expect((await log.countDocuments({ type: 'sweep.started' })) - later.ended).toBeLessThanOrEqual(2);

  for (const killed of processes.slice(0, 2)) {
    killed.signal('SIGKILL');
    await killed.ended;
  }
  const alone = await sweepsOf(world);
  await sweeps('the one that is left sweeps', alone?.ended ?? 0, 2);
  processes[2]?.signal('SIGTERM');
  expect(await processes[2]?.ended).toBe(0);
});

test('a process that no one listens to goes on, and takes a rotated token without losing a delivery', async () => {
  const world = await platform();
  const { AUTH0_LOG_TOKEN: before = '', ...env } = world.env;
  const file = join(await temporaryDirectory(), 'token');
  await writeFile(file, `${before}\n`);
  const served = await serve({ ...env, AUTH0_LOG_TOKEN_FILE: file }, SANDBOX_CONFIG);
  served.closeLog();
  const deliver = async (token: string) => {
    const body = JSON.stringify([
      { log_id: String(Math.random()), data: { type: 'ss', user_id: 'auth0|alice' } },
    ]);
    const headers = { authorization: token, 'content-type': 'application/json' };
    const { status } = await fetch(`${served.url}/webhooks/auth0/${TENANT}`, {
      method: 'POST',
      headers,
      body,
    });
    return status;
  };
  await until('a delivery is taken', async () => (await deliver(before)) === 200);

  // A file that is no token changes nothing.
  await writeFile(file, 'short');
  served.signal('SIGHUP');
  const after = 'n'.repeat(64);
  expect(await deliver(before)).toBe(200);
  await writeFile(file, after);
  served.signal('SIGHUP');
  // Every delivery is answered, and one of the tokens is right at any time.
  await until('the new token is taken', async () => {
    const statuses = [await deliver(before), await deliver(after)];
    expect(statuses).toContain(200);
    return statuses[1] === 200;
  });
  expect(await deliver(before)).toBe(401);
  served.signal('SIGTERM');
  expect(await served.ended).toBe(0);
});
