/** The visitor itself: if nothing were noticed, no test in a browser could fail. */
import { expect, test } from 'vitest';
import { localServer } from '../../support/local-server.ts';
import { until } from '../../support/until.ts';
import { inBrowser } from './browser.ts';

const POLICY = {
  'content-security-policy': "default-src 'none'; script-src 'self'; connect-src 'self'; img-src data:",
};

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

inBrowser('a visitor notices', (visit) => {
  test.each([
    { what: 'an error', script: 'throw new Error("broken")', told: /^error: broken/ },
    { what: 'a rejection', script: 'Promise.reject(new Error("lost"))', told: /^error: lost/ },
    { what: 'a complaint', script: 'console.error("ouch")', told: /^console: ouch/ },
    { what: 'a failed answer', script: 'fetch("/nowhere")', told: /^console: .*404/ },
    { what: 'a lost answer', script: 'fetch("/cut").catch(() => 0)', told: /^request: .*\/cut/ },
    {
      what: 'a style attribute',
      script: '',
      markup: '<p style="color:red">',
      told: /^policy: style-src-attr/,
    },
    {
      what: 'a script of its own',
      script: '',
      markup: '<script>1</script>',
      told: /^policy: script-src-elem/,
    },
    {
      what: 'a stranger',
      script: 'fetch("http://localhost:1").catch(() => 0)',
      told: /^policy: connect-src/,
    },
  ])('$what', async ({ script, markup, told }) => {
    const { origin } = await page(script, markup);
    const visitor = await visit(origin, { expected: [/./] });
    await visitor.page.goto('/');
    await until('it is noticed', () => visitor.troubles.some((trouble) => told.test(trouble)));
  });

  test('nothing where nothing is wrong', async () => {
    const { origin } = await page('document.title = "fine"');
    const visitor = await visit(origin);
    await visitor.page.goto('/');
    expect(await visitor.page.title()).toBe('fine');
  });
});
