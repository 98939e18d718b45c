/** Who is shown the dashboard, and who is not: tokens, foreign pages, foreign names and frames. */
import { randomBytes } from 'node:crypto';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Decision } from '../../src/dashboard-data/answers/decisions.ts';
import type { Engine } from '../../src/wiring/engine.ts';
import { eventsOf, join, type Member, reconcileUser, storedMember } from '../support/member.ts';
import { openPlatform, type Platform } from '../support/platform.ts';
import { inBrowser, REBOUND } from './support/browser.ts';
import { stranger } from './support/stranger.ts';

const TOKEN = randomBytes(32).toString('hex');
/** What the browser says of an answer that was refused. */
const REFUSED = /^console: Failed to load resource: the server responded with a status of 4/;

/** Runs on the foreign page. What it could read; empty is what it could not. */
function readAndDecide({ target, decision }: { target: string; decision: Decision }): Promise<string[]> {
  const tell = async (path: string, init: RequestInit) => {
    const request = fetch(`${target}${path}`, { credentials: 'include', ...init });
    const answer = await request.catch(() => undefined);
    return (await answer?.text()) ?? '';
  };
  const body = JSON.stringify(decision);
  const types = ['text/plain', 'application/json', 'application/x-www-form-urlencoded'];
  return Promise.all([
    tell('/api/overview', {}),
    tell('/api/overview', { mode: 'no-cors' }),
    tell('/api/session', {}),
    ...types.flatMap((type) => [
      tell('/api/decisions', { method: 'POST', body, headers: { 'content-type': type } }),
      tell('/api/decisions', { method: 'POST', body, mode: 'no-cors' }),
    ]),
  ]);
}

inBrowser('who is shown the dashboard', (visit) => {
  let world: Platform;
  let engine: Engine;
  let alice: Member;
  /** Hers, which nobody is to see. */
  let code: string;
  /** For this machine only. */
  let open: string;
  /** For whoever has the token. */
  let guarded: string;
  beforeAll(async () => {
    world = await openPlatform();
    engine = world.engine();
    await engine.prepare();
    alice = join(world, 'alice');
    await reconcileUser(engine.reconcile, alice);
    code = (await storedMember(world, alice))?.code ?? '';
    open = (await world.serve()).url;
    guarded = (await world.serve({ overlay: { server: { dashboardToken: TOKEN } } })).url;
  });
  afterAll(() => world.close());

  async function signIn(page: Page): Promise<void> {
    await page.goto('/');
    await page.getByLabel('Token').fill(TOKEN);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
  }

  function pausing(): Decision {
    return { type: 'pause', user: alice.user, until: null, by: 'mallory', reason: 'none' };
  }

  /** A form that sends JSON: the name of its field is all of it but the end. */
  function formTo(target: string): string {
    const text = `${JSON.stringify(pausing()).slice(0, -1)},"x":"`;
    return `<form method="post" enctype="text/plain" action="${target}/api/decisions">
      <input name='${text}' value='"}'><button>Win</button></form>`;
  }

  async function expectNothingDecided(): Promise<void> {
    expect(await eventsOf(engine, alice, 'user.paused')).toEqual([]);
  }

  describe('with a token', () => {
    test('it is asked for, a wrong one is refused, and the right one is enough for the next visits', async () => {
      const { page } = await visit(guarded, { expected: [REFUSED] });
      await page.goto(`/users/${encodeURIComponent(alice.user)}`);
      const token = page.getByLabel('Token');
      await token.fill('x'.repeat(64));
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('alert').waitFor();
      expect(await page.content()).not.toContain(code);

      await token.fill(TOKEN);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText(code).first().waitFor();
      expect(await page.evaluate(() => document.cookie + JSON.stringify({ ...localStorage }))).not.toMatch(
        /concord_session|[0-9a-f]{64}/,
      );
      await page.reload();
      await page.getByRole('heading', { name: alice.user }).waitFor();
    });

    test('who signs out is shown nothing any more, not even by going back', async () => {
      const { page } = await visit(guarded, { expected: [REFUSED] });
      await signIn(page);
      await page.getByRole('link', { name: 'Users' }).first().click();
      await page.getByText(code).first().waitFor();
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByLabel('Token').waitFor();
      expect(await page.content()).not.toContain(code);
      await page.goBack();
      await page.getByLabel('Token').waitFor();
      expect(await page.content()).not.toContain(code);
      expect(await page.evaluate(async () => (await fetch('/api/overview')).status)).toBe(401);
    });

    test('a decision without the proof of the page is refused', async () => {
      const { page } = await visit(guarded, { expected: [REFUSED] });
      await signIn(page);
      const answers = await page.evaluate(async (decision) => {
        const send = async (headers: Record<string, string>) => {
          const body = JSON.stringify(decision);
          const answer = await fetch('/api/decisions', { method: 'POST', headers, body });
          return [answer.status, answer.headers.get('content-type')];
        };
        const json = { 'content-type': 'application/json' };
        return [await send(json), await send({ ...json, 'x-concord-csrf': 'made-up' })];
      }, pausing());
      expect(answers).toEqual([
        [403, expect.stringContaining('application/problem+json')],
        [403, expect.stringContaining('application/problem+json')],
      ]);
      await expectNothingDecided();
    });
  });

  describe.each(['beside', 'elsewhere'] as const)('a foreign page %s', (where) => {
    /** Anything may go wrong on a page of somebody else's. */
    const expected = [/./];

    test.each(['open', 'guarded'] as const)('reads nothing and decides nothing, %s', async (which) => {
      const target = which === 'open' ? open : guarded;
      const foreign = await stranger(formTo(target));
      const { page } = await visit(target, { expected });
      await (which === 'open' ? page.goto('/') : signIn(page));
      await page.goto(foreign[where]);
      const sent: string[] = [];
      const answered: number[] = [];
      page.on('request', (request) => sent.push(request.url()));
      page.on('response', (response) => answered.push(response.status()));
      const read = await page.evaluate(readAndDecide, { target, decision: pausing() });
      expect(new Set(read)).toEqual(new Set(['']));
      expect(sent.length).toBeGreaterThanOrEqual(read.length);

      await Promise.all([page.waitForURL(`${target}/api/decisions`), page.getByRole('button').click()]);
      expect(new Set(answered)).toEqual(new Set([403]));
      await expectNothingDecided();
    });

    test('cannot show it in a frame', async () => {
      const foreign = await stranger(`<iframe src="${open}/"></iframe>`);
      const { page } = await visit(open, { expected });
      await page.goto(foreign[where]);
      expect(page.frames().map((frame) => frame.url())).not.toContain(`${open}/`);
      expect(await page.frames()[1]?.getByRole('heading', { name: 'Overview' }).count()).toBe(0);
    });
  });

  test('a foreign name for this machine is answered nothing', async () => {
    const rebound = open.replace('127.0.0.1', REBOUND);
    const { page } = await visit(rebound, { expected: [/./] });
    for (const path of ['/', '/api/session', '/api/overview', '/api/users']) {
      const answer = await page.goto(path);
      expect([path, answer?.status()]).toEqual([path, 403]);
      expect(await page.content()).not.toContain(code);
    }
  });
});
