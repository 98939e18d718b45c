/** Everything that goes wrong on a page: errors, complaints on the console, violations of the policy, failed requests. */
import type { Page } from 'playwright-core';

/** A list that grows while the page is open. To be called before the page goes anywhere. */
export async function watchTroubles(page: Page, origin: string): Promise<string[]> {
  const troubles: string[] = [];
  page.on('pageerror', (error) => troubles.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      troubles.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) troubles.push(`request elsewhere: ${request.url()}`);
  });
  page.on('requestfailed', (request) => {
    const reason = request.failure()?.errorText ?? 'unknown';
    // What the page itself breaks off, or leaves behind when it goes elsewhere, has not failed.
    if (reason !== 'net::ERR_ABORTED') troubles.push(`request: ${reason} (${request.url()})`);
  });
  await page.exposeFunction('tellViolation', (violation: string) => {
    troubles.push(`policy: ${violation}`);
  });
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI, sample }) => {
      Reflect.get(window, 'tellViolation')(`${effectiveDirective} ${blockedURI} ${sample}`);
    });
  });
  return troubles;
}
