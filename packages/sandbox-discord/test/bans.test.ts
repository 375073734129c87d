import { PermissionFlagsBits } from 'discord-api-types/v10';
import { describe, expect, it } from 'vitest';

import type { SandboxBan } from '../src/world.js';
import {
  ANNA,
  anna,
  APPLICATION,
  BOT,
  BOT_PERMISSIONS,
  COUNCILLOR,
  fieldError,
  GUILD,
  memberPath,
  NOBODY,
  OWNER,
  smallWorld,
  startSandbox,
  STRANGER,
  stranger,
} from './small-world.js';

const BANS = `/guilds/${GUILD}/bans`;
const banPath = (discordUserId: string) => `${BANS}/${discordUserId}`;
const withPermissions = (botPermissions: bigint) => ({ guild: { botPermissions } });
const withBans = (bans: readonly SandboxBan[]) => ({ guild: { bans } });
const bulk = withPermissions(BOT_PERMISSIONS | PermissionFlagsBits.ManageGuild);
const BULK = `/guilds/${GUILD}/bulk-ban`;

describe('banning', () => {
  it('removes the member, with the reason in the ban and in the audit log', async () => {
    const { call, sandbox } = await startSandbox();

    const { status, text } = await call('PUT', banPath(ANNA), { reason: 'Spam: grüße' });

    expect([status, text]).toEqual([204, '']);
    expect(sandbox.member(GUILD, ANNA)).toBeUndefined();
    expect(sandbox.guild(GUILD).bans).toEqual([{ discordUserId: ANNA, reason: 'Spam: grüße' }]);
    expect(sandbox.guild(GUILD).auditLog).toMatchObject([
      { actionType: 22, actorId: BOT, targetId: ANNA, reason: 'Spam: grüße' },
    ]);
    expect((await call('GET', memberPath(ANNA))).body.code).toBe(10007);
  });

  it('makes a later join fail until the ban is lifted', async () => {
    const grant = {
      discordUserId: STRANGER,
      applicationId: APPLICATION,
      scopes: ['guilds.join'],
    };
    const { call, sandbox } = await startSandbox({ world: { accessTokens: { stan: grant } } });
    const join = () => call('PUT', memberPath(STRANGER), { body: { access_token: 'stan' } });

    await call('PUT', banPath(STRANGER));
    const refused = await join();
    const byHand = () => sandbox.moderator.join(stranger);
    expect(byHand).toThrow('banned');
    await call('DELETE', banPath(STRANGER));
    const joined = await join();

    expect([refused.status, refused.body.code]).toEqual([403, 40007]);
    expect(joined.status).toBe(201);
  });

  it('is the same ban as a moderator makes by hand', async () => {
    const { call, sandbox } = await startSandbox();
    sandbox.moderator.ban({ ...anna, reason: 'by hand' });

    const byHand = await call('GET', banPath(ANNA));
    const lifted = await call('DELETE', banPath(ANNA));
    await call('PUT', banPath(STRANGER));
    sandbox.moderator.unban(stranger);
    const gone = await call('GET', banPath(STRANGER));

    expect(byHand.body).toMatchObject({ reason: 'by hand', user: { id: ANNA } });
    expect(lifted.status).toBe(204);
    expect(gone.body.code).toBe(10026);
  });

  it('keeps the first reason of an account that is banned already', async () => {
    const { call, sandbox } = await startSandbox();
    await call('PUT', banPath(STRANGER), { reason: 'first' });

    const { status } = await call('PUT', banPath(STRANGER), { reason: 'second' });

    expect(status).toBe(204);
    expect(sandbox.guild(GUILD).bans).toMatchObject([{ reason: 'first' }]);
    expect(sandbox.guild(GUILD).auditLog).toHaveLength(1);
  });

  it.each([
    ['the owner', OWNER],
    ['a member above the bot', COUNCILLOR],
    ['the bot itself', BOT],
  ])('is refused for %s', async (_name, discordUserId) => {
    const { call, sandbox } = await startSandbox();

    const { status, body } = await call('PUT', banPath(discordUserId));

    expect([status, body.code]).toEqual([403, 50013]);
    expect(sandbox.member(GUILD, discordUserId)).toBeDefined();
    expect(sandbox.guild(GUILD).bans).toEqual([]);
  });

  it('is refused for an account that does not exist', async () => {
    const { call } = await startSandbox();

    const { status, body } = await call('PUT', banPath(NOBODY));

    expect([status, body.code]).toEqual([404, 10013]);
  });

  it.each([
    ['delete_message_days', { delete_message_days: 8 }, 'NUMBER_TYPE_MAX'],
    ['delete_message_seconds', { delete_message_seconds: 604_801 }, 'NUMBER_TYPE_MAX'],
    ['delete_message_seconds', { delete_message_seconds: -1 }, 'NUMBER_TYPE_MIN'],
    ['delete_message_days', { delete_message_days: 'all' }, 'NUMBER_TYPE_COERCE'],
  ])('refuses %s out of range: %j', async (field, body, code) => {
    const { call, sandbox } = await startSandbox();

    const reply = await call('PUT', banPath(ANNA), { body });

    expect([reply.status, reply.body.code, fieldError(reply, field)]).toEqual([400, 50035, code]);
    expect(sandbox.member(GUILD, ANNA)).toBeDefined();
  });

  it('accepts how far back messages are deleted, in the body or in the query', async () => {
    const { call } = await startSandbox();

    const inBody = await call('PUT', banPath(ANNA), { body: { delete_message_seconds: 604_800 } });
    const inQuery = await call('PUT', `${banPath(STRANGER)}?delete_message_seconds=3600`);
    const tooFar = await call('PUT', `${banPath(NOBODY)}?delete_message_seconds=604801`);

    expect([inBody.status, inQuery.status]).toEqual([204, 204]);
    expect(fieldError(tooFar, 'delete_message_seconds')).toBe('NUMBER_TYPE_MAX');
  });
});

describe('lifting a ban', () => {
  it('removes it and writes the reason into the audit log', async () => {
    const { call, sandbox } = await startSandbox(
      withBans([{ discordUserId: STRANGER, reason: null }]),
    );

    const { status } = await call('DELETE', banPath(STRANGER), { reason: 'forgiven' });

    expect(status).toBe(204);
    expect(sandbox.guild(GUILD).bans).toEqual([]);
    expect(sandbox.guild(GUILD).auditLog).toMatchObject([
      { actionType: 23, actorId: BOT, targetId: STRANGER, reason: 'forgiven' },
    ]);
  });

  it.each([
    ['an account that is not banned', STRANGER, 404, 10026],
    ['a member below the bot', ANNA, 404, 10026],
    ['a member above the bot', COUNCILLOR, 403, 50013],
  ])('answers for %s: %s with %i', async (_name, discordUserId, status, code) => {
    const { call } = await startSandbox();

    const reply = await call('DELETE', banPath(discordUserId));

    expect([reply.status, reply.body.code]).toEqual([status, code]);
  });
});

describe('the list of bans', () => {
  const ids = ['310000000000000001', '310000000000000002', '310000000000000003', '99'];
  const many = withBans(ids.map((discordUserId) => ({ discordUserId, reason: null })));
  const sorted = ['99', ...ids.slice(0, 3)];

  it('is ordered by account, lowest first, and names the reasons', async () => {
    const { call } = await startSandbox(withBans([{ discordUserId: STRANGER, reason: 'spam' }]));
    const other = await startSandbox(many);

    const named = await call('GET', BANS);
    const all = await other.call('GET', BANS);

    expect(named.list).toMatchObject([{ reason: 'spam', user: { id: STRANGER } }]);
    expect(all.list.map(({ user }) => user.id)).toEqual(sorted);
  });

  it.each([
    ['limit=2', sorted.slice(0, 2)],
    [`after=${sorted[1]}`, sorted.slice(2)],
    [`before=${sorted[3]}&limit=2`, sorted.slice(1, 3)],
    [`before=${sorted[1]}&after=${sorted[2]}`, sorted.slice(0, 1)],
    [`after=${sorted[3]}`, []],
  ])('is paged by %s', async (query, expected) => {
    const { call } = await startSandbox(many);

    const { list } = await call('GET', `${BANS}?${query}`);

    expect(list.map(({ user }) => user.id)).toEqual(expected);
  });

  it.each(['limit=0', 'limit=1001', 'limit=all', 'before=x', 'after=-1'])(
    'refuses %s',
    async (query) => {
      const { call } = await startSandbox(many);

      const { status, body } = await call('GET', `${BANS}?${query}`);

      expect([status, body.code]).toEqual([400, 50035]);
    },
  );
});

describe('banning in bulk', () => {
  it('bans each account it can and names the others', async () => {
    const { call, sandbox } = await startSandbox(bulk);
    await call('PUT', banPath(STRANGER));

    const { status, body } = await call('POST', BULK, {
      body: { user_ids: [ANNA, STRANGER, COUNCILLOR, NOBODY], delete_message_seconds: 60 },
      reason: 'raid',
    });

    expect(status).toBe(200);
    expect(body).toEqual({
      banned_users: [ANNA],
      failed_users: [STRANGER, COUNCILLOR, NOBODY],
    });
    expect(sandbox.member(GUILD, ANNA)).toBeUndefined();
    expect(sandbox.member(GUILD, COUNCILLOR)).toBeDefined();
    expect(sandbox.guild(GUILD).bans).toContainEqual({ discordUserId: ANNA, reason: 'raid' });
    expect(sandbox.guild(GUILD).auditLog[0]).toMatchObject({
      actionType: 22,
      targetId: ANNA,
      reason: 'raid',
    });
  });

  it('leaves the bot itself out of both lists', async () => {
    const { call, sandbox } = await startSandbox(bulk);

    const { body } = await call('POST', BULK, { body: { user_ids: [BOT, ANNA] } });

    expect(body).toEqual({ banned_users: [ANNA], failed_users: [] });
    expect(sandbox.member(GUILD, BOT)).toBeDefined();
  });

  it.each([
    ['only members above the bot', [COUNCILLOR, OWNER]],
    ['only the bot', [BOT]],
    ['an empty list', []],
  ])('fails when none can be banned: %s', async (_name, userIds) => {
    const { call, sandbox } = await startSandbox(bulk);

    const { status, body } = await call('POST', BULK, { body: { user_ids: userIds } });

    expect([status, body.code]).toEqual([400, 500_000]);
    expect(body.message).toBe('Failed to ban users');
    expect(sandbox.guild(GUILD).auditLog).toEqual([]);
  });

  it.each([
    ['no list', {}, 'BASE_TYPE_REQUIRED'],
    ['null', { user_ids: null }, 'LIST_TYPE_CONVERT'],
    ['an account twice', { user_ids: [ANNA, ANNA] }, 'SET_TYPE_ALREADY_CONTAINS_VALUE'],
    [
      '201 accounts',
      { user_ids: Array.from({ length: 201 }, (_, index) => String(index + 1)) },
      'BASE_TYPE_MAX_LENGTH',
    ],
  ])('refuses %s', async (_name, body, code) => {
    const { call, sandbox } = await startSandbox(bulk);

    const reply = await call('POST', BULK, { body });

    expect([reply.status, reply.body.code]).toEqual([400, 50035]);
    expect(fieldError(reply, 'user_ids')).toBe(code);
    expect(sandbox.member(GUILD, ANNA)).toBeDefined();
  });

  it('takes 200 accounts at once', async () => {
    const ids = Array.from({ length: 200 }, (_, index) =>
      String(600000000000000000n + BigInt(index)),
    );
    const users = ids.map((discordUserId, index) => ({
      discordUserId,
      username: `raider${index}`,
    }));
    const world = { users: [...smallWorld().users, ...users] };
    const { call, sandbox } = await startSandbox({ ...bulk, world });

    const { body } = await call('POST', BULK, { body: { user_ids: ids } });

    expect(body).toEqual({ banned_users: ids, failed_users: [] });
    expect(sandbox.guild(GUILD).bans).toHaveLength(200);
  });

  it.each([
    ['the permission to ban', PermissionFlagsBits.ManageGuild],
    ['the permission to manage the guild', PermissionFlagsBits.BanMembers],
  ])('needs %s too', async (_name, otherPermission) => {
    const { call } = await startSandbox(withPermissions(otherPermission));

    const { status, body } = await call('POST', BULK, { body: { user_ids: [ANNA] } });

    expect([status, body.code]).toEqual([403, 50013]);
  });
});

describe('bans', () => {
  it.each([
    ['GET', BANS],
    ['GET', banPath(STRANGER)],
    ['PUT', banPath(STRANGER)],
    ['DELETE', banPath(STRANGER)],
  ])('need their permission: %s %s', async (method, path) => {
    const { call } = await startSandbox(withPermissions(PermissionFlagsBits.KickMembers));

    const { status, body } = await call(method, path);

    expect([status, body.code]).toEqual([403, 50013]);
  });

  it("need the owner's two-factor authentication where moderation requires it", async () => {
    const applications = smallWorld().applications.map((one) => ({ ...one, ownerHasMfa: false }));
    const { call } = await startSandbox({ guild: { mfaLevel: 1 }, world: { applications } });

    const { status, body } = await call('PUT', banPath(ANNA));

    expect([status, body.code]).toEqual([403, 60003]);
  });
});
