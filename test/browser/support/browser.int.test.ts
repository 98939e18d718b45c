/** The visitor itself: if nothing were noticed, no test in a browser could fail. */
import { expect, test } from 'vitest';
import { localServer } from '../../support/local-server.ts';
import { until } from '../../support/until.ts';
import { inBrowser } from './browser.ts';

const POLICY = {
  'content-security-policy': "default-src 'none'; script-src 'self'; connect-src 'self'; img-src data:",
};

/** All that can go wrong on a page, and how it is told of. */
const TROUBLES = [
  { script: 'Promise.reject(new Error("lost"));', told: /^error: lost/ },
  { script: 'console.error("ouch");', told: /^console: ouch/ },
  { script: 'fetch("/nowhere");', told: /^console: .*404/ },
  { script: 'fetch("/cut").catch(() => 0);', told: /^request: .*\/cut/ },
  { script: 'fetch("http://localhost:1").catch(() => 0);', told: /^policy: connect-src/ },
  { script: 'setTimeout(() => { throw new Error("broken"); });', told: /^error: broken/ },
  { markup: '<p style="color:red">', told: /^policy: style-src-attr/ },
  { markup: '<script>1</script>', told: /^policy: script-src-elem/ },
] as const;

function page(script: string, markup = ''): Promise<{ readonly origin: string }> {
  return localServer(({ url }, response) => {
    if (url === '/') {
      response.writeHead(200, { ...POLICY, 'content-type': 'text/html' });
      response.end(`<!doctype html><link rel="icon" href="data:,"><script src="/a.js"></script>${markup}`);
    } else if (url === '/a.js') response.writeHead(200, { 'content-type': 'text/javascript' }).end(script);
    else if (url === '/cut') response.destroy();
    else response.writeHead(404).end();
  });
}

inBrowser('a visitor', (visit) => {
  test('notices whatever goes wrong', async () => {
    const parts = (of: 'script' | 'markup') =>
      TROUBLES.map((trouble) => (of in trouble ? Reflect.get(trouble, of) : '')).join('');
    const { origin } = await page(parts('script'), parts('markup'));
    const visitor = await visit(origin, { expected: [/./] });
    await visitor.page.goto('/');
    for (const { told } of TROUBLES)
      await until(`${told} is noticed`, () => visitor.troubles.some((trouble) => told.test(trouble)));
  });

  test('notices nothing where nothing is wrong', async () => {
    const { origin } = await page('document.title = "fine"');
    const visitor = await visit(origin);
    await visitor.page.goto('/');
    expect(await visitor.page.title()).toBe('fine');
    expect(visitor.troubles).toEqual([]);
  });
});
