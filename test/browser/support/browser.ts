/** Tests in a real browser: one for each file, and for each test a visitor of its own who notices what goes wrong. */
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished } from 'vitest';
import { CHROMIUM } from './chromium.ts';
import { screenshot } from './screenshots.ts';
import { watchTroubles } from './troubles.ts';

/** A name that the browser takes for this machine, as a name server of an attacker's would tell it to. */
export const REBOUND = 'rebound.test';
const REBINDING = `--host-resolver-rules=MAP ${REBOUND} 127.0.0.1`;
export const DESKTOP = { width: 1_280, height: 900 };

/** How long to wait for what the page shows, unless a test says otherwise. */
const TIMEOUT_MS = 60_000;

export interface VisitOptions {
  /** What is to go wrong in this test, such as the refusal of a wrong token. */
  readonly expected?: readonly RegExp[];
}

export interface Visitor {
  readonly page: Page;
  /** What has gone wrong, whether expected or not. */
  readonly troubles: readonly string[];
}

export type Visit = (origin: string, options?: VisitOptions) => Promise<Visitor>;

/** A `describe` that is left out where there is no browser. */
export function inBrowser(name: string, define: (visit: Visit) => void): void {
  describe.skipIf(CHROMIUM === undefined)(name, () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await launch();
    });
    afterAll(() => browser.close());
    define((origin, options) => visit(browser, origin, options));
  });
}

function launch(): Promise<Browser> {
  return chromium.launch({
    ...(CHROMIUM === undefined ? {} : { executablePath: CHROMIUM }),
    // In a container there is seldom room in /dev/shm, and never a graphics card.
    args: ['--disable-gpu', '--disable-quic', '--disable-dev-shm-usage', REBINDING],
  });
}

/** Whatever goes wrong for the visitor, and was not expected, fails the test at its end. */
async function visit(
  browser: Browser,
  origin: string,
  { expected = [] }: VisitOptions = {},
): Promise<Visitor> {
  const context = await browser.newContext({ baseURL: origin, viewport: DESKTOP });
  context.setDefaultTimeout(TIMEOUT_MS);
  const page = await context.newPage();
  const troubles = await watchTroubles(page, origin);
  onTestFinished(async ({ task }) => {
    // What a test that failed saw last.
    if (task.result?.state === 'fail') await screenshot(page, `failed-${task.name}`);
    await context.close();
    const unexpected = troubles.filter((trouble) => !expected.some((pattern) => pattern.test(trouble)));
    expect(unexpected, 'what went wrong on the page').toEqual([]);
  });
  return { page, troubles };
}
