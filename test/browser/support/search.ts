import type { Page } from 'playwright-core';
import { until } from '../../support/until.ts';

/** By keyboard alone, as soon as the page listens to it. */
export async function search(page: Page, text: string): Promise<void> {
  const field = page.getByRole('searchbox', { name: 'Find a user' });
  await until('the field has the focus', async () => {
    if (await field.evaluate((element) => element === document.activeElement)) return true;
    await page.keyboard.press('/');
    return false;
  });
  await page.keyboard.type(text);
  await page.keyboard.press('Enter');
}
