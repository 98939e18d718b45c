/** How whoever is on call gets to one user, and what the page tells of them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { storedMember } from '../support/member.ts';
import { inBrowser } from './support/browser.ts';
import { search } from './support/search.ts';
import { openTown, type Town } from './support/town.ts';

inBrowser('whoever looks for a user', (visit) => {
  let town: Town;
  beforeAll(async () => {
    town = await openTown();
  });
  afterAll(() => town.world.close());

  test('finds them by id, handle, code, DID and email', async () => {
    const { world, alice, served } = town;
    const stored = await storedMember(world, alice);
    const { page } = await visit(served.url);
    for (const text of [
      alice.user,
      `@${alice.label}`,
      stored?.code ?? 'no code',
      stored?.atproto?.did ?? 'no DID',
      alice.email,
    ]) {
      await page.goto('/');
      await search(page, text);
      await page.getByRole('heading', { name: alice.user, level: 1 }).waitFor();
      expect(new URL(page.url()).pathname, text).toBe(`/users/${encodeURIComponent(alice.user)}`);
      // An address is asked for, and never told.
      expect(await page.content()).not.toContain('@example.com');
    }
  });

  test('is told when nobody is meant, and who may be', async () => {
    const { alice, served } = town;
    const { page } = await visit(served.url);
    await page.goto('/');
    await page
      .getByRole('searchbox')
      .first()
      .fill(`@${alice.label.replace('alice', 'alise')}`);
    await page.keyboard.press('Enter');
    await page.getByText(/Did you mean/).waitFor();
    await page.getByRole('main').getByRole('link', { name: alice.label }).first().click();
    await page.getByText(alice.user).first().waitFor();
  });

  test('gets from a red number to the history and the button that helps in three clicks', async () => {
    const { bob, served } = town;
    const { page } = await visit(served.url);
    await page.goto('/');
    await page
      .getByRole('link', { name: /quarantined/i })
      .first()
      .click();
    await page.getByRole('heading', { name: 'Users', level: 1 }).waitFor();
    await page.getByRole('main').getByRole('link', { name: bob.user }).first().click();
    await page.getByRole('heading', { name: 'Timeline' }).waitFor();
    await page.getByText('converge.failed').filter({ visible: true }).first().waitFor();
    await page.getByRole('button', { name: 'Retry…' }).click();
    await page.getByRole('dialog').getByLabel('Why').waitFor();
  });

  describe('a user', () => {
    test('is told from the first line of the log to the last, with what each line follows from', async () => {
      const { alice, served, engine } = town;
      const { page } = await visit(served.url);
      await page.goto(`/users/${encodeURIComponent(alice.user)}`);
      const timeline = page.getByRole('region', { name: 'Timeline' });
      await timeline.getByText('heard').or(timeline.getByText('learned')).first().waitFor();
      const shown = (await timeline.textContent()) ?? '';
      for await (const { type } of engine.log.read({ user: alice.user })) expect(shown).toContain(type);
      expect(shown).not.toContain('@example.com');
    });

    test('is told of what could not be asked, and as the log knows them meanwhile', async () => {
      const { bob, served } = town;
      const { page } = await visit(served.url);
      await page.goto(`/users/${encodeURIComponent(bob.user)}`);
      await page
        .getByText(/Auth0 \(BAD_REQUEST\)/)
        .first()
        .waitFor();
      await page
        .getByText(/quarantined/i)
        .first()
        .waitFor();
    });
  });
});
