/** Every page and dialog, for everybody: by keyboard, by screen reader, on a phone, in the dark and on a slow line. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seriousFaults } from './support/accessibility.ts';
import { DESKTOP, inBrowser } from './support/browser.ts';
import { screenshot } from './support/screenshots.ts';
import { search } from './support/search.ts';
import { openTown, type Town } from './support/town.ts';

const PHONE = { width: 360, height: 740 };

/** Document, script and style, as they come over the line. */
const MOST_BYTES = 100_000;

interface View {
  readonly name: string;
  readonly path: (town: Town) => string;
  /** Asks for a dialog that is looked at as well. */
  readonly button?: string;
}

function userPath({ user }: Town['alice']): string {
  return `/users/${encodeURIComponent(user)}`;
}

const VIEWS: readonly View[] = [
  { name: 'overview', path: () => '/' },
  { name: 'users', path: () => '/users' },
  { name: 'users-quarantined', path: () => '/users?situation=quarantined' },
  { name: 'users-nobody', path: () => '/users?search=nobody' },
  { name: 'user-whole', path: ({ alice }) => userPath(alice), button: 'Pause…' },
  { name: 'user-quarantined', path: ({ bob }) => userPath(bob), button: 'Retry…' },
  { name: 'user-held', path: ({ carol }) => userPath(carol), button: 'Adopt…' },
  { name: 'user-removed', path: ({ henry }) => userPath(henry), button: 'Restore…' },
  { name: 'user-unknown', path: () => '/users/auth0%7Cnobody' },
  { name: 'sweeps', path: () => '/sweeps', button: 'Approve…' },
  { name: 'nowhere', path: () => '/users/a/b' },
];

const LOOKS = [
  { colorScheme: 'light', size: 'desktop' },
  { colorScheme: 'dark', size: 'desktop' },
  { colorScheme: 'dark', size: 'phone' },
  { colorScheme: 'light', size: 'phone' },
] as const;

/** Nothing is being loaded any more. */
async function settled(page: Page): Promise<void> {
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.waitForFunction(() => document.querySelector('.waiting') === null);
}

/** Whether one sees where one is. */
function isFocusShown(page: Page): Promise<boolean> {
  return page.evaluate(() => {
    const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement ?? document.body);
    return outlineStyle !== 'none' && Number.parseFloat(outlineWidth) > 0;
  });
}

/** How much of the page cannot be seen without scrolling sideways, in pixels. */
function overflowOf(page: Page): Promise<number> {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    // Room that is kept free for a scroll bar is not beyond the edge.
    return Math.max(0, scrollWidth - clientWidth);
  });
}

/** How it looks in the light and in the dark, on a desk and on a phone. */
async function expectFit(page: Page, name: string, isWhole: boolean): Promise<void> {
  for (const { colorScheme, size } of LOOKS) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize(size === 'phone' ? PHONE : DESKTOP);
    await screenshot(page, `${name}-${colorScheme}-${size}`, isWhole);
    expect(await overflowOf(page), `${name}, ${size}: pixels beyond the edge`).toBe(0);
    // What is there is the same in the dark, and so are the colours on a phone.
    const rules = colorScheme === 'dark' ? ['color-contrast'] : undefined;
    if (size === 'desktop') expect(await seriousFaults(page, rules), `${name}, ${colorScheme}`).toEqual([]);
  }
  await page.setViewportSize(DESKTOP);
}

inBrowser('the dashboard', (visit) => {
  let town: Town;
  beforeAll(async () => {
    town = await openTown();
  });
  afterAll(() => town.world.close());

  test.each(VIEWS)('$name has no serious fault, and nothing is beyond the edge', async (view) => {
    const { name, path, button } = view;
    // Whoever asks for a user whom nobody knows is told so by the status too.
    const expected = name === 'user-unknown' ? [/the server responded with a status of 404/] : [];
    const { page } = await visit(town.served.url, { expected });
    await page.goto(path(town));
    await settled(page);
    await expectFit(page, name, true);
    if (button === undefined) return;
    await page.getByRole('button', { name: button }).click();
    await page.getByRole('dialog').getByLabel('Why').waitFor();
    await settled(page);
    await expectFit(page, `${name}-asked`, false);
  });

  test('is there at once: its first load is small', async () => {
    const { page } = await visit(town.served.url);
    const sizes: Promise<readonly [string, number]>[] = [];
    page.on('requestfinished', (request) => {
      if (new URL(request.url()).pathname.startsWith('/api/')) return;
      const size = async () => {
        const { responseHeadersSize, responseBodySize } = await request.sizes();
        return [request.url(), responseHeadersSize + responseBodySize] as const;
      };
      sizes.push(size());
    });
    const startedAt = performance.now();
    await page.goto('/');
    await page.getByRole('status', { name: 'Verdict' }).waitFor();
    const tookMs = performance.now() - startedAt;
    await settled(page);
    const loaded = await Promise.all(sizes);
    const bytes = loaded.reduce((sum, [, size]) => sum + size, 0);
    expect(loaded.length).toBeGreaterThanOrEqual(3);
    expect(bytes, JSON.stringify(loaded)).toBeLessThan(MOST_BYTES);
    process.stdout.write(
      `dashboard: ${Math.round(bytes / 1_000)} kB, verdict after ${Math.round(tookMs)} ms\n`,
    );
  });

  test('is used without a mouse', async () => {
    const { page } = await visit(town.served.url);
    const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim() ?? '');
    await page.goto('/');
    await settled(page);
    await page.keyboard.press('Tab');
    expect(await focused()).toMatch(/^Skip to/);
    await page.keyboard.press('Enter');
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('MAIN');

    await search(page, town.alice.user);
    await page.getByRole('heading', { name: town.alice.user, level: 1 }).waitFor();
    // Until its actions are there, the way leads past the end of the page.
    await settled(page);
    for (let presses = 0; (await focused()) !== 'Pause…'; presses += 1) {
      expect(presses).toBeLessThan(40);
      await page.keyboard.press('Tab');
      expect(await isFocusShown(page), await focused()).toBe(true);
    }
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    expect(await dialog.evaluate((element) => element.contains(document.activeElement))).toBe(true);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    expect(await focused()).toBe('Pause…');

    await page.goBack();
    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
    expect(await focused()).toBe('Overview');
  });
});
