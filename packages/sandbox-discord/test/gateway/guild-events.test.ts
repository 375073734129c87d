import { describe, expect, it } from 'vitest';

import { anna, BOT, GUILD, MINER, OUTSIDER, theBot, withOutsider } from '../small-world.js';
import { INTENTS, SHARD_OF_GUILD, startSession } from './raw-bot.js';

describe('a guild', () => {
  it('that the bot is kicked from is deleted for it, and its events end', async () => {
    const { bot, moderator } = await startSession();

    moderator.kick(theBot);
    moderator.leave(anna);

    expect(await bot.namesSinceStart()).toEqual(['GUILD_DELETE']);
    expect(bot.bodies('GUILD_DELETE')).toEqual([{ id: GUILD }]);
  });

  it('that the bot joins is created for it', async () => {
    const { bot, moderator } = await startSession();
    moderator.leave(theBot);

    moderator.join(theBot);
    moderator.leave(anna);

    const created = await bot.event('GUILD_CREATE', 2);
    expect(created.d).toMatchObject({ id: GUILD, members: [{ user: { id: BOT } }] });
    expect(await bot.namesSinceStart()).toEqual([
      'GUILD_DELETE',
      'GUILD_CREATE',
      'GUILD_MEMBER_REMOVE',
    ]);
  });

  it('that is deleted is deleted for its bots', async () => {
    const { bot, moderator, call } = await startSession();

    moderator.deleteGuild(GUILD);

    expect((await bot.event('GUILD_DELETE')).d).toEqual({ id: GUILD });
    expect((await call('GET', `/guilds/${GUILD}`)).body).toMatchObject({ code: 10004 });
  });

  it('in an outage is unavailable, sends no events, and is created again afterwards', async () => {
    const { bot, moderator, gateway, connect } = await startSession();

    gateway.setGuildUnavailable({ guildId: GUILD, isUnavailable: true });
    moderator.giveRole({ ...anna, roleId: MINER });
    const late = await connect();
    await late.identify();
    expect(await bot.namesSinceStart()).toEqual(['GUILD_DELETE']);
    expect(await late.namesSinceStart()).toEqual([]);
    gateway.setGuildUnavailable({ guildId: GUILD, isUnavailable: false });

    expect(bot.bodies('GUILD_DELETE')).toEqual([{ id: GUILD, unavailable: true }]);
    expect(await bot.event('GUILD_CREATE', 2)).toMatchObject({ d: { id: GUILD } });
    expect(await late.event('GUILD_CREATE')).toMatchObject({ d: { id: GUILD } });
  });

  it('sends its events to its shard alone', async () => {
    const { bot, moderator, connect } = await startSession({}, { shard: [0, 2] });
    const other = await connect();
    await other.identify({ shard: [1, 2] });

    moderator.leave(anna);

    const received = [await bot.namesSinceStart(), await other.namesSinceStart()];
    expect(received[SHARD_OF_GUILD]).toEqual(['GUILD_MEMBER_REMOVE']);
    expect(received[1 - SHARD_OF_GUILD]).toEqual([]);
  });

  it('sends its events to every session of its bots, and to no bot outside it', async () => {
    const { bot, moderator, connect } = await startSession(withOutsider);
    const second = await connect();
    const outside = await connect();
    await second.identify();
    await outside.identify({ token: OUTSIDER.botToken, intents: INTENTS });

    moderator.leave(anna);

    expect(await bot.namesSinceStart()).toEqual(['GUILD_MEMBER_REMOVE']);
    expect(await second.namesSinceStart()).toEqual(['GUILD_MEMBER_REMOVE']);
    expect(await outside.namesSinceStart()).toEqual([]);
  });
});
