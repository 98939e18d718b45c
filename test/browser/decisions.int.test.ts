/** What a person decides in the browser: asked, on record with who and why, and carried out before their eyes. */
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { accountOf, chooseHandle, eventsOf, type Member, storedMember } from '../support/member.ts';
import { until } from '../support/until.ts';
import { inBrowser } from './support/browser.ts';
import { openTown, type Town } from './support/town.ts';

inBrowser('whoever decides', (visit) => {
  let town: Town;
  beforeAll(async () => {
    town = await openTown();
  });
  afterAll(() => town.world.close());

  async function openUser({ user }: Member): Promise<Page> {
    const { page } = await visit(town.served.url);
    await page.goto(`/users/${encodeURIComponent(user)}`);
    await page.getByRole('heading', { name: user, level: 1 }).waitFor();
    return page;
  }

  /** Opens the dialog of a button, says who and why, and does what it asks about. */
  async function decide(page: Page, verb: string, fill?: (dialog: Locator) => Promise<void>): Promise<void> {
    await page.getByRole('button', { name: `${verb}…` }).click();
    const dialog = page.getByRole('dialog', { name: verb });
    await dialog.getByLabel('Who').fill('dana');
    await dialog.getByLabel('Why').fill('a test');
    await fill?.(dialog);
    await dialog.getByRole('button', { name: verb, exact: true }).click();
    await dialog.waitFor({ state: 'hidden' });
    await page.getByRole('status', { name: 'Outcome' }).filter({ hasText: /./ }).waitFor();
  }

  test('pauses somebody, who is left alone, and resumes', async () => {
    const { world, engine, dave } = town;
    const page = await openUser(dave);
    await decide(page, 'Pause');
    await page.getByText(/^Paused by dana .*: a test Ends/).waitFor();
    await page.getByText('Suspended').first().waitFor();
    expect((await eventsOf(engine, dave, 'user.paused')).map(({ data }) => data)).toMatchObject([
      { by: 'dana', reason: 'a test', until: expect.any(String) },
    ]);
    const before = await accountOf(world, engine, dave);
    await chooseHandle(world, dave, `${dave.label}2`);
    await page.getByText('OutOfSync').first().waitFor();
    expect(await accountOf(world, engine, dave)).toEqual(before);

    await decide(page, 'Resume');
    await page.getByText(/^Paused by dana .*: a test Ends/).waitFor({ state: 'hidden' });
    await page.getByText(`${dave.label}2.at.test`).first().waitFor();
    expect((await eventsOf(engine, dave, 'user.resumed')).map(({ data }) => data)).toMatchObject([
      { by: 'dana', reason: 'a test' },
    ]);
  });

  test('is not disturbed by what happens meanwhile', async () => {
    const { world, alice } = town;
    const page = await openUser(alice);
    await page.getByRole('button', { name: 'Pause…' }).click();
    const why = page.getByRole('dialog').getByLabel('Why');
    await why.pressSequentially('it is');
    await chooseHandle(world, alice, `${alice.label}2`);
    await page.getByText('handle.changed').filter({ visible: true }).first().waitFor();
    await page.keyboard.type(' not over');
    expect(await why.inputValue()).toBe('it is not over');
  });

  test('retries somebody who was left alone, once the cause is gone', async () => {
    const { engine, bob, mend } = town;
    const page = await openUser(bob);
    await page
      .getByText(/quarantined/i)
      .first()
      .waitFor();
    mend();
    await decide(page, 'Retry');
    await page.getByText('Synced', { exact: true }).first().waitFor();
    expect((await eventsOf(engine, bob, 'user.retried')).map(({ data }) => data)).toMatchObject([
      { by: 'dana', reason: 'a test' },
    ]);
  });

  test('adopts an account, having seen what speaks for and against it', async () => {
    const { world, engine, carol, carolsDid } = town;
    const page = await openUser(carol);
    await decide(page, 'Adopt', async (dialog) => {
      await dialog.getByText('it has the address of the user').waitFor();
      await dialog.getByText('Concord has no intent on record for it').waitFor();
      await dialog.getByText('The account gets a new password').waitFor();
      expect(await dialog.textContent()).toContain(carolsDid);
      await dialog.getByLabel(/it is their account/).check();
    });
    await page.getByText('Synced', { exact: true }).first().waitFor();
    expect((await storedMember(world, carol))?.atproto?.did).toBe(carolsDid);
    expect((await eventsOf(engine, carol, 'adoption.granted')).map(({ data }) => data)).toMatchObject([
      { did: carolsDid, by: 'dana', reason: 'a test' },
    ]);
  });

  test('restores what was removed, having seen what is written', async () => {
    const { world, engine, henry } = town;
    const page = await openUser(henry);
    await page.getByText('DocumentRemoved').first().waitFor();
    await decide(page, 'Restore', async (dialog) => {
      await dialog.getByText('verifications document with count 1').waitFor();
      expect(await dialog.getByRole('button', { name: 'Restore', exact: true }).isDisabled()).toBe(true);
      await dialog.getByLabel(/should write exactly this/).check();
    });
    await page.getByText('Synced', { exact: true }).first().waitFor();
    const verifications = world.db.collection<{ _id: string; count: number }>('verifications');
    expect(await verifications.findOne({ _id: henry.user })).toMatchObject({ count: 1 });
    expect((await eventsOf(engine, henry, 'restore.granted')).map(({ data }) => data)).toEqual([
      { what: ['verification'], by: 'dana', reason: 'a test' },
    ]);
  });

  test('has somebody looked at without anything being written', async () => {
    const { engine, erin } = town;
    const before = await engine.log.ofUser(erin.user);
    const page = await openUser(erin);
    await page.getByRole('button', { name: 'Dry run' }).click();
    await page
      .getByText(/applies none of this|nothing to do/i)
      .first()
      .waitFor();
    expect(await engine.log.ofUser(erin.user)).toEqual(before);
  });

  test('approves what a sweep was halted over, and sees it done', async () => {
    const { world, engine, renamed, served } = town;
    const { page } = await visit(served.url);
    await page.goto('/sweeps');
    await page.getByRole('heading', { name: 'Sweeps', level: 1 }).waitFor();
    for (const { user } of renamed) await page.getByRole('link', { name: user }).first().waitFor();
    await decide(page, 'Approve');
    await until('they are renamed', async () => {
      const accounts = await Promise.all(renamed.map((member) => accountOf(world, engine, member)));
      return accounts.every((account, at) => account?.handle === `${renamed[at]?.label}.at.test`);
    });
    await page.getByText(/by dana/).waitFor();
  });
});
