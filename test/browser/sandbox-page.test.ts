import type { Browser } from 'playwright-core';
import { createSandboxDiscord, type SandboxDiscord } from 'sandbox-discord';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { DEMO, demoWorld } from '../../services/demo/demo-world.js';
import { hasBrowser, launchBrowser, openVisitor, picture } from '../support/browser.js';
import { eventually } from '../support/eventually.js';

const { guildId, accounts, roles } = DEMO;
const BOT_TOKEN = 'sandbox.bot-token';

let browser: Browser;
let discord: SandboxDiscord;
let address: string;
let apiBase: string;

beforeAll(async () => {
  if (!hasBrowser()) return;
  browser = await launchBrowser();
  const secrets = { botToken: BOT_TOKEN, clientSecret: 'secret' };
  discord = createSandboxDiscord({ world: demoWorld(secrets), limits: null });
  ({ url: address, apiBase } = await discord.start());
});

afterAll(async () => {
  await discord?.stop();
  await browser?.close();
});

const openPage = async () => {
  const allowedHosts = [new URL(address).host];
  const visitor = await openVisitor(browser, { allowedHosts });
  await visitor.page.goto(address);
  return visitor;
};

/** Calls the sandbox API as a bot. */
const ask = async (method: string, path: string, body?: unknown) =>
  fetch(`${apiBase}/guilds/${guildId}${path}`, {
    method,
    headers: {
      Authorization: `Bot ${BOT_TOKEN}`,
      'Content-Type': 'application/json',
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });

const ALICE = `/members/${accounts.alice}`;
const rename = () => ask('PATCH', ALICE, { nick: 'Al' });
const grant = () => ask('PUT', `${ALICE}/roles/${roles.pilot}`);
const list = () => ask('GET', '/roles');

const FAULTS = [
  ['AutoMod refuses nicknames', rename, 400],
  ['Roles answer 404, code 0', grant, 404],
  ['Roles answer 400, code 0', grant, 400],
  ['Writes are switched off (40006)', grant, 400],
  ['The bot is flagged as spam (20026)', grant, 403],
  ['A 403 page without a code', list, 403],
  ['Rate limited for 18 hours', list, 429],
] as const;

describe.skipIf(!hasBrowser())('the sandbox page', () => {
  test("updates an open member's roles when a bot changes them", async () => {
    const { page, complaints, close } = await openPage();
    const role = (pressed: boolean) =>
      page.getByRole('dialog').getByRole('button', { name: 'Pilot', exact: true, pressed });

    await page.getByText('Carol', { exact: true }).click();
    await role(false).click();
    await role(true).waitFor();
    await ask('DELETE', `/members/${accounts.carol}/roles/${roles.pilot}`);
    await role(false).waitFor();

    expect(complaints).toEqual([]);
    await close();
  });

  test('starts each Discord fault with one click, and ends it with the next', async () => {
    const { page, complaints, close } = await openPage();

    for (const [label, call, status] of FAULTS) {
      const button = page.getByRole('button', { name: label, exact: true });
      await button.click();
      await page.getByRole('button', { name: label, exact: true, pressed: true }).waitFor();
      expect([label, (await call()).status]).toEqual([label, status]);
      await button.click();
      await page.getByRole('button', { name: label, exact: true, pressed: false }).waitFor();
      expect([label, (await call()).status < 300]).toEqual([label, true]);
    }

    await picture(page, 'sandbox-answers');
    expect(complaints).toEqual([]);
    await close();
  });

  test('turns on screening that ends only when the rules are accepted, or when a role is added', async () => {
    const { page, complaints, close } = await openPage();
    const erin = { guildId, discordUserId: accounts.erin };
    const isPending = () => discord.member(guildId, accounts.erin)?.pending;

    for (const [label, stays] of [
      ['Screening until the rules are accepted', true],
      ['Screening until a role is given', false],
    ] as const) {
      await page.getByRole('button', { name: label, exact: true }).click();
      await page.getByRole('button', { name: label, exact: true, pressed: true }).waitFor();
      await page.getByRole('button', { name: 'Joins' }).first().click();
      await eventually(() => isPending() === true);
      await ask('PUT', `/members/${accounts.erin}/roles/${roles.pilot}`);
      expect([label, isPending()]).toEqual([label, stays]);
      discord.moderator.leave(erin);
    }

    await page
      .getByRole('button', { name: 'Screening until a role is given', exact: true })
      .click();
    await eventually(() => !discord.guild(guildId).hasScreening);
    expect(complaints).toEqual([]);
    await close();
  });
});
