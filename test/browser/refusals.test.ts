import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { DEMO } from '../../services/demo/demo-world.js';
import { hasBrowser, picture, type Visitor } from '../support/browser.js';
import { startBrowserStage, type BrowserStage } from '../support/browser-stage.js';
import { eventually } from '../support/eventually.js';
import { guildPage, rolesOf } from '../support/story.js';
import { consentAs, consentAsNewPerson, continueToDiscord, endingOf } from './sign-in-page.js';

const LINKED = 'Your Discord account is linked';

let stage: BrowserStage;

beforeAll(async () => {
  if (hasBrowser()) stage = await startBrowserStage();
});

afterAll(async () => stage?.stop());

async function finish(...visitors: readonly Visitor[]): Promise<void> {
  for (const { complaints, close } of visitors) {
    expect(complaints).toEqual([]);
    await close();
  }
}

async function noTokenIsAlive(): Promise<boolean> {
  const { given, revoked } = await stage.tokens();
  return revoked === given;
}

/** Requests the address as link previews do: no cookie, no form. */
async function preview(address: string): Promise<number> {
  const response = await fetch(address, { redirect: 'manual' });
  await response.text();
  return response.status;
}

/**
 * Authorizes at Discord, and returns the callback address of Discord's redirect without following
 * it.
 */
async function answerTo(page: Page, person: string): Promise<string> {
  const form: Record<string, string> = { person, decision: 'authorize' };
  for (const field of await page.locator('form input[type=hidden]').all())
    form[(await field.getAttribute('name')) ?? ''] = await field.inputValue();
  const address = new URL('/oauth2/authorize', page.url()).href;
  const response = await page.request.post(address, { form, maxRedirects: 0 });
  return response.headers()['location'] ?? '';
}

describe.skipIf(!hasBrowser())('a Discord account', () => {
  test('can be linked on another attempt after the person cancelled', async () => {
    const visitor = await stage.visit();
    const { page } = visitor;
    await page.goto(await stage.beginLink('bob'));
    await continueToDiscord(page);

    await page.getByRole('button', { name: 'Cancel' }).click();

    expect(await endingOf(page, 'Nothing was linked')).toBe('CANCELLED');
    await picture(page, 'cancelled');
    expect((await stage.tokens()).given).toBe(0);
    await page.getByRole('link', { name: 'Try again' }).click();
    await continueToDiscord(page);
    await consentAs(page, 'Bob');
    expect(await endingOf(page, LINKED)).toBe('LINKED');
    expect(await stage.linkOf('bob')).toMatchObject({ state: 'IN_STEP' });
    await finish(visitor);
  });

  test('that is linked to another person gets an error page, and nothing changes', async () => {
    const visitor = await stage.visit();
    const before = {
      alice: await stage.linkOf('alice'),
      guild: (await guildPage(stage.service)).guild,
    };

    await visitor.page.goto(await stage.beginLink('mallory'));
    await continueToDiscord(visitor.page);
    await consentAs(visitor.page, 'Alice');

    const headline = 'This Discord account is already linked to someone else';
    expect(await endingOf(visitor.page, headline)).toBe('CLAIMED');
    await picture(visitor.page, 'claimed');
    expect(await stage.linkOf('mallory')).toBeNull();
    expect(await stage.linkOf('alice')).toEqual(before.alice);
    expect((await guildPage(stage.service)).guild).toEqual(before.guild);
    await eventually(noTokenIsAlive);
    await finish(visitor);
  });

  test('that is banned from the server is linked but not added, and its page shows the ban', async () => {
    const visitor = await stage.visit();
    await stage.press('ban', DEMO.accounts.dave);

    await visitor.page.goto(await stage.beginLink('dave'));
    await continueToDiscord(visitor.page);
    await consentAs(visitor.page, 'Dave');

    const headline = 'Linked, but you are banned from the server';
    expect(await endingOf(visitor.page, headline)).toBe('BANNED');
    await picture(visitor.page, 'banned');
    expect(await rolesOf(stage.service, 'dave')).toBeUndefined();
    expect(await stage.linkOf('dave')).toMatchObject({ state: 'ABSENT' });
    await finish(visitor);
  });

  test('without an e-mail address, where the community requires one, gets instructions', async () => {
    const visitor = await stage.visit();
    await stage.setEmailRule('REQUIRE');

    await visitor.page.goto(await stage.beginLink('guest'));
    await continueToDiscord(visitor.page);
    await consentAsNewPerson(visitor.page, { name: 'Guest' });

    const headline = 'Your Discord account has no verified e-mail address';
    expect(await endingOf(visitor.page, headline)).toBe('EMAIL_MISSING');
    await picture(visitor.page, 'email-missing');
    expect(await stage.linkOf('guest')).toBeNull();
    await stage.setEmailRule('NONE');
    await finish(visitor);
  });
});

describe.skipIf(!hasBrowser())('a linking address', () => {
  test('belongs to the first browser that continues: a preview changes nothing, and another browser is refused', async () => {
    const [owner, other] = [await stage.visit(), await stage.visit()];
    const address = await stage.beginLink('erin');
    expect(await preview(address)).toBe(200);

    await owner.page.goto(address);
    await continueToDiscord(owner.page);
    await other.page.goto(address);

    const headline = 'This link was opened in another browser';
    expect(await endingOf(other.page, headline)).toBe('OTHER_BROWSER');
    await picture(other.page, 'other-browser');
    expect(await other.page.getByRole('button').count()).toBe(0);
    expect(await preview(address)).toBe(403);
    await consentAs(owner.page, 'Erin');
    expect(await endingOf(owner.page, LINKED)).toBe('LINKED');
    expect(await stage.linkOf('erin')).toMatchObject({
      discordUserId: DEMO.accounts.erin,
    });
    await finish(owner, other);
  });

  test('accepts the callback only in the browser that started: a callback from another browser links no account', async () => {
    const [stranger, victim] = [await stage.visit(), await stage.visit()];
    await stranger.page.goto(await stage.beginLink('mallory'));
    await continueToDiscord(stranger.page);
    const answer = await answerTo(stranger.page, DEMO.accounts.erin);
    await victim.page.goto(await stage.beginLink('ivan'));
    await continueToDiscord(victim.page);
    const consent = victim.page.url();
    const before = await stage.tokens();

    await victim.page.goto(answer);

    const headline = 'This sign-in was started in a different browser';
    expect(await endingOf(victim.page, headline)).toBe('FOREIGN_ANSWER');
    await picture(victim.page, 'foreign-answer');
    expect(await stage.tokens()).toEqual(before);
    expect(await stage.linkOf('mallory')).toBeNull();
    await victim.page.goto(consent); // the sign-in that they had started still works
    await consentAsNewPerson(victim.page, { name: 'Ivan' });
    expect(await endingOf(victim.page, LINKED)).toBe('LINKED');
    await finish(stranger, victim);
  });

  test('works only once', async () => {
    const visitor = await stage.visit();
    const address = await stage.beginLink('henry');
    await visitor.page.goto(address);
    await continueToDiscord(visitor.page);
    await consentAsNewPerson(visitor.page, { name: 'Henry' });
    await endingOf(visitor.page, LINKED);
    const { given } = await stage.tokens();

    await visitor.page.reload(); // sends Discord's callback again
    const headline = 'This link has expired';
    expect(await endingOf(visitor.page, headline)).toBe('EXPIRED');
    await visitor.page.goto(address);

    expect(await endingOf(visitor.page, headline)).toBe('EXPIRED');
    await picture(visitor.page, 'expired');
    expect((await stage.tokens()).given).toBe(given);
    await finish(visitor);
  });
});
