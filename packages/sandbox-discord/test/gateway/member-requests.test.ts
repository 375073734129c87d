import { GatewayIntentBits, GatewayOpcodes } from 'discord-api-types/v10';
import { describe, expect, it } from 'vitest';

import {
  ANNA,
  BOT,
  COUNCILLOR,
  crowd,
  GUILD,
  OWNER,
  smallGuild,
  standingClock,
  STRANGER,
} from '../small-world.js';
import { INTENTS, SHARD_OF_GUILD, startSession } from './raw-bot.js';

async function startAsking(...how: Parameters<typeof startSession>) {
  const started = await startSession(...how);
  const { bot } = started;
  const ask = (data: Readonly<Record<string, unknown>>): void =>
    bot.send(GatewayOpcodes.RequestGuildMembers, { guild_id: GUILD, ...data });
  const chunks = () => bot.bodies('GUILD_MEMBERS_CHUNK');
  const ids = () => chunks().flatMap(({ members }) => members.map(({ user }) => user.id));
  return { ...started, ask, chunks, ids };
}

describe('a request for members', () => {
  it('of the whole guild is answered in order of ids', async () => {
    const { bot, ask, chunks, ids } = await startAsking();

    ask({ query: '', limit: 0, nonce: 'all of them' });

    expect((await bot.event('GUILD_MEMBERS_CHUNK')).d).toMatchObject({
      guild_id: GUILD,
      chunk_index: 0,
      chunk_count: 1,
      not_found: [],
      nonce: 'all of them',
    });
    expect(ids()).toEqual([BOT, OWNER, ANNA, COUNCILLOR]);
    expect(chunks()[0]).not.toHaveProperty('presences');
  });

  it('of a large guild comes in chunks of a thousand, with other events in between', async () => {
    const many = crowd(2500);
    const members = [...smallGuild().members, ...many];
    const { bot, ask, chunks, ids, moderator } = await startAsking({ guild: { members } });

    ask({ query: '', limit: 0, presences: true });
    await bot.event('GUILD_MEMBERS_CHUNK');
    moderator.leave({ guildId: GUILD, discordUserId: many.at(-1)?.discordUserId ?? '' });
    await bot.event('GUILD_MEMBERS_CHUNK', 3);

    expect(chunks().map((d) => [d.chunk_index, d.chunk_count])).toEqual([
      [0, 3],
      [1, 3],
      [2, 3],
    ]);
    expect(new Set(ids()).size).toBe(ids().length);
    expect([2503, 2504]).toContain(ids().length);
    expect(chunks()[0]).toMatchObject({ presences: [] });
  });

  it('with a prefix finds usernames and nicknames, a hundred at most', async () => {
    const many = crowd(150).map((one, index) => ({ ...one, nick: `Crowd ${index}` }));
    const members = [...smallGuild().members, ...many];
    const { bot, ask, chunks } = await startAsking(
      { guild: { members } },
      { intents: GatewayIntentBits.Guilds },
    );

    ask({ query: 'ANN', limit: 10 });
    ask({ query: 'crowd', limit: 0 });
    ask({ query: 'crowd', limit: 3 });
    await bot.event('GUILD_MEMBERS_CHUNK', 3);

    const [ann, hundred, three] = chunks();
    expect(ann?.members.map(({ user }) => user.id)).toEqual([ANNA]);
    expect(hundred?.members).toHaveLength(100);
    expect(three?.members).toHaveLength(3);
  });

  it('for accounts lists those that are not members', async () => {
    const { bot, ask, chunks } = await startAsking();

    ask({ user_ids: [ANNA, STRANGER, '1'] });
    ask({ user_ids: ANNA, guild_id: [GUILD] });
    await bot.event('GUILD_MEMBERS_CHUNK', 2);

    const [several, one] = chunks();
    expect(several).toMatchObject({
      members: [{ user: { id: ANNA } }],
      not_found: [STRANGER, '1'],
    });
    expect(one).toMatchObject({ members: [{ user: { id: ANNA } }], not_found: [] });
  });

  it('without a match is one empty chunk', async () => {
    const { bot, ask } = await startAsking();

    ask({ query: 'zzz', limit: 1 });

    expect((await bot.event('GUILD_MEMBERS_CHUNK')).d).toMatchObject({
      members: [],
      chunk_index: 0,
      chunk_count: 1,
    });
  });

  it('takes a nonce of 32 bytes and ignores a longer one', async () => {
    const { bot, ask, chunks } = await startAsking();

    ask({ user_ids: [ANNA], nonce: 'x'.repeat(32) });
    ask({ user_ids: [ANNA], nonce: 'ü'.repeat(17) });
    await bot.event('GUILD_MEMBERS_CHUNK', 2);

    expect(chunks().map(({ nonce }) => nonce)).toEqual(['x'.repeat(32), undefined]);
  });

  it('is not answered for a list without the intent, another guild or another shard', async () => {
    const { bot, ask, chunks, connect } = await startAsking(
      {},
      { intents: GatewayIntentBits.Guilds },
    );
    const elsewhere = await connect();
    await elsewhere.identify({ shard: [1 - SHARD_OF_GUILD, 2] });

    ask({ query: '', limit: 0 });
    ask({ query: '', limit: 5 });
    ask({ query: 'a', limit: 1, guild_id: '123' });
    elsewhere.send(GatewayOpcodes.RequestGuildMembers, { guild_id: GUILD, query: 'a', limit: 1 });
    await bot.settled();
    await elsewhere.settled();

    expect([...chunks(), ...elsewhere.bodies('GUILD_MEMBERS_CHUNK')]).toEqual([]);
  });

  it.each([
    ['no guild', { guild_id: undefined, query: '', limit: 0 }],
    ['several guilds', { guild_id: [GUILD, GUILD], query: '', limit: 0 }],
    ['neither a query nor accounts', {}],
    ['a query without a limit', { query: '' }],
    ['a negative limit', { query: '', limit: -1 }],
    ['an id that is none', { user_ids: ['anna'] }],
  ])('with %s closes the connection: 4002', async (_, data) => {
    const { bot, ask } = await startAsking();

    ask(data);

    expect((await bot.closed).code).toBe(4002);
  });
});

describe('the list of all members', () => {
  const all = { query: '', limit: 0 };

  it('comes once in 30 seconds for each guild and session, else RATE_LIMITED', async () => {
    const other = String(BigInt(GUILD) + 1n);
    const { clock, advance } = standingClock();
    const { bot, ask, connect } = await startAsking({
      clock,
      limits: { gatewayIdentifies: null },
      world: { guilds: [smallGuild(), smallGuild({ guildId: other })] },
    });
    const second = await connect();
    await second.identify();

    ask(all);
    ask({ ...all, guild_id: other });
    second.send(GatewayOpcodes.RequestGuildMembers, { guild_id: GUILD, ...all });
    await bot.event('GUILD_MEMBERS_CHUNK', 2);
    await second.event('GUILD_MEMBERS_CHUNK');
    advance(10_000);
    ask({ ...all, nonce: 'again' });

    expect((await bot.event('RATE_LIMITED')).d).toEqual({
      opcode: 8,
      retry_after: 20,
      meta: { guild_id: GUILD, nonce: 'again' },
    });
    advance(20_000);
    ask(all);
    await bot.event('GUILD_MEMBERS_CHUNK', 3);
    expect(bot.isOpen).toBe(true);
  });

  it('is the only request with this limit', async () => {
    const { bot, ask } = await startAsking({ limits: {} }, { intents: INTENTS });

    ask(all);
    ask({ query: '', limit: 3 });
    ask({ query: 'a', limit: 0 });
    ask({ user_ids: [ANNA] });
    await bot.event('GUILD_MEMBERS_CHUNK', 4);

    expect(bot.names()).not.toContain('RATE_LIMITED');
  });
});
