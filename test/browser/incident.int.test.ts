/** The incident as somebody sees it who has the overview open, and does nothing. */
import type { Locator, Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { pull } from '../../src/engine/intake/pull.ts';
import { sweep } from '../../src/engine/sweep/sweep.ts';
import { INCIDENT } from '../../src/sandbox/incident.ts';
import type { Engine } from '../../src/wiring/engine.ts';
import { chooseHandle, join, type Member, memberOf } from '../support/member.ts';
import { person } from '../support/pds.ts';
import { type Overlay, type Platform, platform, type Served } from '../support/platform.ts';
import { until } from '../support/until.ts';
import { inBrowser } from './support/browser.ts';
import { shiftsOf, watchLayout } from './support/layout.ts';
import { linkTo } from './support/link.ts';

/** Alerts a hundred times as fast as by default; whoever fails is tried again at once, and never left alone. */
const OVERLAY: Overlay = {
  alerts: { intervalMs: 100, openAfterMs: 100, closeAfterMs: 300 },
  engine: { backoff: { firstMs: 100, factor: 1, maxMs: 100, jitter: 0 }, quarantineAfter: 1_000 },
};

/** What may move while numbers change: nothing that anybody would notice. */
const MOST_SHIFT = 0.02;

interface Scene {
  readonly world: Platform;
  readonly engine: Engine;
  readonly served: Served;
}

/** People of this test's own in the trouble of that day, since other tests use the names of the five. */
async function asItWasFound(world: Platform): Promise<void> {
  const { collection, key, name, unique, sparse } = INCIDENT.existingIndex;
  await world.db.collection(collection).createIndex(key, { name, unique, sparse });
  const verifications = world.db.collection<{ _id: string; count: number }>('verifications');
  for (const { emailVerified, handle, verifications: count } of INCIDENT.users) {
    const member = join(world, 'ada', { emailVerified });
    await verifications.insertOne({ _id: member.user, count });
    if (handle !== null) await chooseHandle(world, member, member.label);
  }
}

async function scene(): Promise<Scene> {
  const world = await platform();
  const engine = world.engine(OVERLAY);
  await asItWasFound(world);
  const served = await world.serve({ overlay: OVERLAY });
  world.auth0.logStream.add({
    endpoint: served.endpoint,
    authorization: world.logToken,
    format: 'JSONARRAY',
  });
  return { world, engine, served };
}

/** What a service by itself does at start. */
async function lookAtEveryone(engine: Engine): Promise<void> {
  for (const tenant of engine.tenants) {
    await pull(engine.pull, tenant);
    await sweep(engine.sweep, tenant);
  }
}

async function signUp(world: Platform, name: string): Promise<Member> {
  const { email, password } = person(name);
  const { user_id } = await world.auth0.signUp({ email, password });
  return memberOf(user_id, email);
}

function verdict(page: Page): Locator {
  return page.getByRole('status', { name: 'Verdict' });
}

async function expectWell(page: Page): Promise<void> {
  await verdict(page)
    .filter({ hasText: /^All \d+ users are in sync/ })
    .waitFor();
  for (const word of ['Synced', 'Healthy'])
    await expect
      .poll(() => page.getByText(word, { exact: true }).count(), { message: word, timeout: 60_000 })
      .toBe(1);
}

async function expectStill(page: Page): Promise<void> {
  const { score, places } = await shiftsOf(page);
  expect(score, places.join('\n')).toBeLessThan(MOST_SHIFT);
}

inBrowser('whoever has the overview open', (visit) => {
  test('sees everybody healed, and nothing jumps', async () => {
    const { engine, served } = await scene();
    const { page } = await visit(served.url);
    await watchLayout(page);
    await page.goto('/');
    await verdict(page).waitFor();
    expect(await verdict(page).textContent()).not.toMatch(/^All /);

    await lookAtEveryone(engine);
    await expectWell(page);
    const shares = page.getByRole('table', { name: 'Resources in sync' });
    await shares
      .getByRole('row', { name: /^user-document/ })
      .filter({ hasText: '5/5' })
      .waitFor();
    await expectStill(page);
  });

  test('sees it go wrong, is told what to type, and sees that it is over', async () => {
    const { world, engine, served } = await scene();
    await lookAtEveryone(engine);
    const { page } = await visit(served.url);
    await watchLayout(page);
    await page.goto('/');
    await expectWell(page);

    // A migration of somebody's: whoever comes now has the same email as everybody else, none.
    const users = world.db.collection('users');
    const partialFilterExpression = { when: { $gt: new Date() } };
    await users.createIndex({ email: 1 }, { name: 'email_1', unique: true, partialFilterExpression });
    const [eve, zoe] = [await signUp(world, 'eve'), await signUp(world, 'zoe')];
    const command = page.getByText('dropIndex("email_1")').first();
    await command.waitFor();
    const link = ({ user }: Member) => page.getByRole('link', { name: user });
    await link(eve).or(link(zoe)).first().waitFor();
    expect(await verdict(page).textContent()).not.toMatch(/^All /);

    await users.dropIndex('email_1');
    await expectWell(page);
    await command.waitFor({ state: 'hidden' });
    await expectStill(page);
  });

  test('is told when the service is gone, and is shown what has happened once it is back', async () => {
    const { world, engine, served } = await scene();
    const { page } = await visit(served.url, { expected: [/^console: /, /^request: /] });
    await page.goto('/');
    const connection = page.getByRole('status', { name: 'Connection' });
    await connection.filter({ hasText: 'Live' }).waitFor();
    await served.stop();
    await connection.filter({ hasText: 'Trying again' }).waitFor();

    const port = Number(new URL(served.url).port);
    await world.serve({ overlay: { ...OVERLAY, server: { port } } });
    await lookAtEveryone(engine);
    await connection.filter({ hasText: 'Live' }).waitFor();
    await expectWell(page);
  });

  test('is not told that all is well by a connection that has died without a word', async () => {
    const { engine, served } = await scene();
    await lookAtEveryone(engine);
    const link = await linkTo(served.url);
    const { page } = await visit(link.origin, { expected: [/^console: /, /^request: /] });
    await page.clock.install();
    await page.goto('/');
    await expectWell(page);
    link.silence();
    await page.clock.fastForward(30_000);
    const connection = page.getByRole('status', { name: 'Connection' });
    await connection.filter({ hasText: 'Trying again' }).waitFor();

    link.mend();
    await until('it is heard again', async () => {
      await page.clock.fastForward(30_000);
      // Given time to connect: another jump of the clock would end the connection as one that says nothing.
      const live = connection.filter({ hasText: 'Live' });
      return live.waitFor({ timeout: 8_000 }).then(
        () => true,
        () => undefined,
      );
    });
    await expectWell(page);
  });
});
