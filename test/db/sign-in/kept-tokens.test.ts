import { describe, expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { membership } from '../../builders/store-world.js';
import { useSignIn } from '../../support/sign-in-fixture.js';
import { byName } from '../../support/sign-in-world.js';

const { accounts, applicationId, roles } = DEMO;
const ERIN = { applicationId, discordUserId: accounts.erin };
const guild = useSignIn();

/** Every row of every table, as text. */
async function wholeDatabase(): Promise<string> {
  const { query } = guild.rig();
  const tables = await query(`select tablename from pg_tables where schemaname = 'public'`);
  const parts: unknown[] = [];
  for (const { tablename } of tables)
    parts.push(...(await query(`select t::text as row from "${String(tablename)}" t`)));
  return JSON.stringify(parts);
}

/** As after seven days: Discord rejects the access token, and its stored expiry has passed. */
async function weekGoesBy(): Promise<void> {
  const { discord, query } = guild.rig();
  discord.oauth.expireAccessTokens(ERIN);
  await query('update discord_grant set expires_at = clock_timestamp()');
}

/** Erin is linked and in the guild, and her tokens are kept. */
async function erinIsIn(): Promise<string> {
  await guild.keepTokens(true);
  await guild.rig().store.applyFacts([membership('erin', 'pilots')]);
  return guild.signIn('erin');
}

describe('kept tokens', () => {
  test('stay valid after the join, and are not stored in plain text', async () => {
    await erinIsIn();

    const tokens = guild.liveTokens('erin');
    expect(tokens.map(({ kind }) => kind).toSorted()).toEqual(['access', 'refresh']);
    const dump = await wholeDatabase();
    for (const { token } of tokens) expect(dump).not.toContain(token);
    expect(dump).toContain(accounts.erin);
  });

  test('add a person back to the guild, with the roles, at the next reconcile after they left', async () => {
    const linkId = await erinIsIn();
    const { discord } = guild.rig();

    discord.moderator.leave(byName('erin'));
    await guild.reconcile(linkId);

    expect(guild.rolesOf('erin')).toEqual([roles.pilot]);
    expect(await guild.linkOf('erin')).toMatchObject({ state: 'IN_STEP' });
    expect(await guild.records()).toMatchObject([
      { added: [roles.pilot], outcome: 'APPLIED' },
      { added: [roles.pilot], outcome: 'APPLIED' },
    ]);
  });

  test('are refreshed once they have expired, and the new pair is stored before it is used', async () => {
    const linkId = await erinIsIn();
    const { discord, at, store, query } = guild.rig();
    discord.moderator.leave(byName('erin'));
    await weekGoesBy();
    let stored: string | undefined;
    at('discord.joinMember:before', async () => {
      const [row] = await query('select id from discord_grant');
      const grant = await store.signIn.grants.readGrant(String(row?.['id']));
      stored = grant?.accessToken;
    });

    await guild.reconcile(linkId);

    expect(guild.rolesOf('erin')).toEqual([roles.pilot]);
    const live = guild.liveTokens('erin').map(({ token }) => token);
    expect(live).toHaveLength(2);
    expect(live).toContain(stored);
  });

  test('that an interrupted run refreshed are used by the next run without another refresh', async () => {
    const linkId = await erinIsIn();
    const { discord, at } = guild.rig();
    discord.moderator.leave(byName('erin'));
    await weekGoesBy();
    let hasFailed = false;
    at('grants.renewGrant:after', async () => {
      if (hasFailed) return;
      hasFailed = true;
      throw new Error('the process stumbles');
    });
    discord.calls.reset();

    await guild.reconcile(linkId);

    expect(hasFailed).toBe(true);
    expect(guild.rolesOf('erin')).toEqual([roles.pilot]);
    expect(discord.calls.count({ route: '/oauth2/token' })).toBe(1);
  });

  test('that Discord no longer refreshes are deleted, and the person must sign in again', async () => {
    const linkId = await erinIsIn();
    const { discord, query } = guild.rig();
    discord.moderator.leave(byName('erin'));
    await weekGoesBy();
    discord.oauth.deauthorize(ERIN);

    await guild.reconcile(linkId);
    await guild.revoked();

    expect(await guild.linkOf('erin')).toMatchObject({
      state: 'ABSENT',
      reason: 'the person must sign in again to be added to the guild',
    });
    expect(await query('select from discord_grant')).toEqual([]);
    expect((await guild.records()).every(({ closedAt }) => closedAt !== null)).toBe(true);
  });

  test('are refreshed later if Discord is unavailable', async () => {
    const linkId = await erinIsIn();
    const { discord } = guild.rig();
    discord.moderator.leave(byName('erin'));
    await weekGoesBy();
    discord.faults.plant({
      route: '/oauth2/token',
      times: 2,
      effect: { kind: 'status', status: 503 },
    });

    await guild.reconcile(linkId);

    expect(guild.rolesOf('erin')).toEqual([roles.pilot]);
  });

  test('leave the person parked, with the reason, while the client secret is wrong', async () => {
    const linkId = await erinIsIn();
    const { discord } = guild.rig();
    discord.moderator.leave(byName('erin'));
    await weekGoesBy();
    await guild.update({ clientSecret: 'not the secret' });

    await guild.reconcile(linkId);

    expect(await guild.linkOf('erin')).toMatchObject({
      state: 'PARKED',
      reason: expect.stringContaining('the client secret does not belong to'),
    });
    expect(await guild.linkOf('erin')).not.toMatchObject({
      reason: expect.stringContaining('not the secret'),
    });

    await guild.update({ clientSecret: 'sandbox-client-secret' });
    await guild.reconcile(linkId);

    expect(guild.rolesOf('erin')).toEqual([roles.pilot]);
  });

  test('are replaced by those of a new sign-in, which are not revoked with the old ones', async () => {
    await erinIsIn();

    await guild.signIn('erin');
    await guild.revoked();

    expect(await guild.rig().query('select from discord_grant')).toHaveLength(1);
    expect(guild.liveTokens('erin').length).toBeGreaterThan(0);
  });
});
