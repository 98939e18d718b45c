/** Pictures of what a test sees, for people to look at: into the folder that `SCREENSHOTS` names, or none. */
import { join } from 'node:path';
import type { Page } from 'playwright-core';

const DIRECTORY = process.env['SCREENSHOTS'] ?? '';

export async function screenshot(page: Page, name: string, fullPage = true): Promise<void> {
  if (DIRECTORY === '') return;
  await page.screenshot({ path: join(DIRECTORY, `${name.replaceAll(/[^a-z0-9-]+/gi, '-')}.png`), fullPage });
}
