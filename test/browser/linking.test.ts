import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { DEMO } from '../../services/demo/demo-world.js';
import { hasBrowser, picture, type Visitor } from '../support/browser.js';
import { startBrowserStage, type BrowserStage } from '../support/browser-stage.js';
import { eventually } from '../support/eventually.js';
import { auditRecords, guildPage, recordChange, rolesOf } from '../support/story.js';
import { consentAs, consentAsNewPerson, continueToDiscord, endingOf } from './sign-in-page.js';

const EVENT_HOST = '300000000000000002';
const { pilot, recruit } = DEMO.roles;
const LINKED = 'Your Discord account is linked';

let stage: BrowserStage;

beforeAll(async () => {
  if (hasBrowser()) stage = await startBrowserStage();
});

afterAll(async () => stage?.stop());

/** The roles of the linked account; undefined if it is not in the guild. */
async function rolesAtDiscord(platformUserId: string) {
  const link = await stage.linkOf(platformUserId);
  const { guild } = await guildPage(stage.service);
  return guild.members.find((member) => member.discordUserId === link?.discordUserId)?.roleIds;
}

async function everyTokenIsRevoked(): Promise<boolean> {
  const { given, revoked } = await stage.tokens();
  return given > 0 && revoked === given;
}

async function finish({ complaints, close }: Visitor): Promise<void> {
  expect(complaints).toEqual([]);
  await close();
}

describe.skipIf(!hasBrowser())('linking an account in a browser', () => {
  test('adds a person who is not in the server, with the roles of their groups and without a sweep', async () => {
    const visitor = await stage.visit();
    const { page } = visitor;
    expect(await rolesOf(stage.service, 'erin')).toBeUndefined();

    await page.goto(await stage.beginLink('erin'));
    await page.getByRole('heading', { name: 'Link your Discord' }).waitFor();
    expect(await page.locator('dl').innerText()).toMatch(
      /account on the platform\s+erin[^]*Community\s+Sandbox Alliance/,
    );
    await picture(page, 'start');
    await continueToDiscord(page);
    await picture(page, 'consent');
    await consentAs(page, 'Erin');

    expect(await endingOf(page, LINKED)).toBe('LINKED');
    expect(await page.locator('dl').innerText()).toMatch(
      /Your Discord account\s+Erin[^]*Community\s+Sandbox Alliance/,
    );
    await picture(page, 'linked');
    expect(await rolesOf(stage.service, 'erin')).toEqual([pilot]);
    expect(await stage.linkOf('erin')).toMatchObject({
      discordUserId: DEMO.accounts.erin,
      state: 'IN_STEP',
      roles: [{ name: 'Pilot' }],
    });
    const [record] = await auditRecords(stage.service, 'erin');
    expect(record?.causes).toMatchObject([{ actor: 'sign-in' }]);
    await eventually(everyTokenIsRevoked);
    await finish(visitor);
  });

  test('adds the roles of a person who is already in the server', async () => {
    const visitor = await stage.visit();
    expect(await rolesOf(stage.service, 'dave')).toEqual([]);

    await visitor.page.goto(await stage.beginLink('dave'));
    await continueToDiscord(visitor.page);
    await consentAs(visitor.page, 'Dave');

    expect(await endingOf(visitor.page, LINKED)).toBe('LINKED');
    expect(await rolesOf(stage.service, 'dave')).toEqual([recruit]);
    expect(await stage.linkOf('dave')).toMatchObject({ state: 'IN_STEP' });
    await eventually(everyTokenIsRevoked);
    await finish(visitor);
  });

  test('returns to the platform with the result', async () => {
    const visitor = await stage.visit();
    await recordChange(stage.service, 'frank', 'pilots');
    await stage.setEmailRule('WARN');
    const returnTo = `${stage.platform}/account?tab=discord#links`;

    await visitor.page.goto(
      await stage.beginLink('frank', { returnTo, email: 'frank@example.org' }),
    );
    await picture(visitor.page, 'start-with-a-way-back');
    await continueToDiscord(visitor.page);
    await consentAsNewPerson(visitor.page, {
      name: 'Frank',
      email: 'other@example.org',
    });

    await visitor.page.getByRole('heading', { name: 'Welcome back' }).waitFor();
    expect(visitor.page.url()).toBe(
      `${stage.platform}/account?tab=discord&discordLink=LINKED&discordLinkWarning=EMAIL_DIFFERS#links`,
    );
    expect(await rolesAtDiscord('frank')).toEqual([pilot]);
    await finish(visitor);
  });

  test('works without JavaScript, and mentions a different e-mail address', async () => {
    const visitor = await stage.visit({ javaScriptEnabled: false });
    await recordChange(stage.service, 'grace', 'recruits');
    await stage.setEmailRule('WARN');

    await visitor.page.goto(await stage.beginLink('grace', { email: 'grace@example.org' }));
    await continueToDiscord(visitor.page);
    await consentAsNewPerson(visitor.page, {
      name: 'Grace',
      email: 'other@example.org',
    });

    expect(await endingOf(visitor.page, LINKED)).toBe('LINKED');
    expect(await visitor.page.getByRole('listitem').innerText()).toContain(
      'different from the one on the platform',
    );
    await picture(visitor.page, 'linked-with-a-note');
    expect(await rolesAtDiscord('grace')).toEqual([recruit]);
    await finish(visitor);
  });

  test('can be undone: roles from the platform are removed, and roles from others stay', async () => {
    const visitor = await stage.visit();
    await visitor.page.goto(await stage.beginLink('carol'));
    await continueToDiscord(visitor.page);
    await consentAs(visitor.page, 'Carol');
    await endingOf(visitor.page, LINKED);
    expect(await rolesOf(stage.service, 'carol')).toEqual([recruit, EVENT_HOST]);

    const link = await stage.linkOf('carol');
    await stage.service.api(
      `mutation ($input: UnlinkDiscordUserInput!) {
        unlinkDiscordUser(input: $input) { discordUser { state } }
      }`,
      { input: { id: link?.id } },
    );

    await eventually(async () => (await stage.linkOf('carol')) === null);
    expect(await rolesOf(stage.service, 'carol')).toEqual([EVENT_HOST]);
    await eventually(everyTokenIsRevoked);
    await finish(visitor);
  });
});
