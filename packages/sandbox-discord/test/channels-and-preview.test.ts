import { PermissionFlagsBits } from 'discord-api-types/v10';
import { describe, expect, it } from 'vitest';

import {
  ANNA,
  APPLICATION,
  BOT,
  BOT_PERMISSIONS,
  GUILD,
  startSandbox,
  theBot,
} from './small-world.js';

const CATEGORY = '500000000000000001';
const RULES = '500000000000000002';
const LOUNGE = '500000000000000003';
const channels = [
  { channelId: CATEGORY, name: 'Information', type: 4 },
  { channelId: RULES, name: 'rules', position: 1, parentId: CATEGORY, topic: 'Read first' },
  { channelId: LOUNGE, name: 'Lounge', type: 2, position: 2 },
];
const seeing = {
  guild: { channels, botPermissions: BOT_PERMISSIONS | PermissionFlagsBits.ViewChannel },
};
const asPerson = { headers: { Authorization: 'Bearer anna' } };
const anna = {
  anna: { discordUserId: ANNA, applicationId: APPLICATION, scopes: ['identify', 'guilds'] },
};

describe('the channels of a guild', () => {
  it('are listed, each with what its type has', async () => {
    const { call } = await startSandbox(seeing);

    const { status, list } = await call('GET', `/guilds/${GUILD}/channels`);

    const [category, rules, lounge] = list;
    expect([status, list.length]).toEqual([200, 3]);
    expect(category).toMatchObject({ id: CATEGORY, type: 4, guild_id: GUILD, parent_id: null });
    expect(category).not.toHaveProperty('topic');
    expect(rules).toMatchObject({ id: RULES, type: 0, topic: 'Read first', parent_id: CATEGORY });
    expect(lounge).toMatchObject({ id: LOUNGE, type: 2, bitrate: 64_000, user_limit: 0 });
    expect(lounge).not.toHaveProperty('topic');
  });

  it('are one text channel unless the world names others', async () => {
    const { call, sandbox } = await startSandbox();

    const { list } = await call('GET', `/guilds/${GUILD}/channels`);

    expect(list).toMatchObject([{ id: GUILD, name: 'general', type: 0, position: 0 }]);
    expect(sandbox.world().guilds[0]?.channels).toHaveLength(1);
  });

  it('are read one by one', async () => {
    const { call } = await startSandbox(seeing);

    const { status, body } = await call('GET', `/channels/${RULES}`);

    expect(status).toBe(200);
    expect(body).toEqual((await call('GET', `/guilds/${GUILD}/channels`)).list[1]);
  });

  it('are refused to a bot that may not view them, or is not in the guild', async () => {
    const blind = await startSandbox({ guild: { channels } });
    const gone = await startSandbox(seeing);
    gone.sandbox.moderator.kick(theBot);

    const unseen = await blind.call('GET', `/channels/${RULES}`);
    const foreign = await gone.call('GET', `/channels/${RULES}`);
    const list = await gone.call('GET', `/guilds/${GUILD}/channels`);

    expect([unseen.status, unseen.body.code]).toEqual([403, 50001]);
    expect([foreign.status, foreign.body.code]).toEqual([403, 50001]);
    expect([list.status, list.body.code]).toEqual([404, 10004]);
  });

  it.each([
    ['an unknown id', '599999999999999999', 404, 10003],
    ['no id', 'general', 400, 50035],
  ])('are refused for %s', async (_name, channelId, status, code) => {
    const { call } = await startSandbox(seeing);

    const reply = await call('GET', `/channels/${channelId}`);

    expect([reply.status, reply.body.code]).toEqual([status, code]);
  });

  it('are not for the tokens of people', async () => {
    const { call } = await startSandbox({ ...seeing, world: { accessTokens: anna } });

    expect((await call('GET', `/channels/${RULES}`, asPerson)).status).toBe(401);
    expect((await call('GET', `/guilds/${GUILD}/channels`, asPerson)).status).toBe(401);
  });
});

describe('the preview of a guild', () => {
  it('names the guild, its features and how many are in it', async () => {
    const { call } = await startSandbox({ guild: { hasScreening: true, features: ['COMMUNITY'] } });

    const { status, body } = await call('GET', `/guilds/${GUILD}/preview`);
    const [own] = (await call('GET', '/users/@me/guilds')).list;

    expect(status).toBe(200);
    expect(own).toMatchObject({ features: ['COMMUNITY', 'MEMBER_VERIFICATION_GATE_ENABLED'] });
    expect(body).toEqual({
      id: GUILD,
      name: 'Small guild',
      icon: null,
      description: null,
      home_header: null,
      splash: null,
      discovery_splash: null,
      features: ['COMMUNITY', 'MEMBER_VERIFICATION_GATE_ENABLED'],
      emojis: [],
      stickers: [],
      approximate_member_count: 4,
      approximate_presence_count: 0,
    });
  });

  it('is for bots outside the guild only if the guild can be discovered', async () => {
    const { call, sandbox } = await startSandbox();
    sandbox.moderator.kick(theBot);

    const hidden = await call('GET', `/guilds/${GUILD}/preview`);
    sandbox.moderator.editGuild({ guildId: GUILD, features: ['DISCOVERABLE'] });
    const open = await call('GET', `/guilds/${GUILD}/preview`);
    const unknown = await call('GET', '/guilds/100000000000000099/preview');

    expect([hidden.status, hidden.body.code]).toEqual([404, 10004]);
    expect([open.status, open.body.id]).toEqual([200, GUILD]);
    expect([unknown.status, unknown.body.code]).toEqual([404, 10004]);
  });

  it('is not for the tokens of people', async () => {
    const { call } = await startSandbox({
      guild: { features: ['DISCOVERABLE'] },
      world: { accessTokens: anna },
    });

    expect((await call('GET', `/guilds/${GUILD}/preview`, asPerson)).status).toBe(401);
  });
});

describe('an account', () => {
  it('is read by its id, whether or not it is in a guild of the bot', async () => {
    const { call } = await startSandbox();

    const self = await call('GET', `/users/${BOT}`);
    const anna = await call('GET', `/users/${ANNA}`);
    const unknown = await call('GET', '/users/300000000000000999');

    expect(self.body).toMatchObject({ id: BOT, username: 'connector', bot: true });
    expect(anna.body).toMatchObject({ id: ANNA, global_name: 'Anna', discriminator: '0' });
    expect(anna.body).not.toHaveProperty('email');
    expect([unknown.status, unknown.body.code]).toEqual([404, 10013]);
  });
});
