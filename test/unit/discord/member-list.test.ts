import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  startScriptedDiscord,
  type Reply,
  type ScriptedDiscord,
} from '../../fakes/scripted-discord.js';
import {
  failureOf,
  guild,
  GUILD,
  memberBody,
  refusal,
  ROLE,
  setUpGateway,
} from './gateway-setup.js';

let discord: ScriptedDiscord;
beforeEach(async () => {
  discord = await startScriptedDiscord();
});
afterEach(() => discord.stop());

const guildBody = { id: GUILD, name: 'ours', owner_id: '9' };
const listed = (id: string) => ({
  ...memberBody(),
  user: { id, username: `user-${id}`, global_name: null },
});
const page = (...ids: string[]): Reply => ({ body: ids.map(listed) });
const first = { after: null, limit: 3 };

describe('a page of the member list', () => {
  it('may have ids that ascend as numbers and not as text', async () => {
    const { gateway } = setUpGateway(discord.apiBase);
    discord.script(page('99', '100', '70000000000000007'));

    const members = await gateway.listMembers(guild, first);

    expect(members.map(({ discordUserId }) => discordUserId)).toEqual([
      '99',
      '100',
      '70000000000000007',
    ]);
    expect(members[0]).toEqual({
      discordUserId: '99',
      isBot: false,
      roleIds: [ROLE],
      username: 'user-99',
      displayName: null,
      nickname: null,
      isPending: false,
      timedOutUntil: null,
    });
    expect(discord.requests[0]?.path).toBe(`/api/v10/guilds/${GUILD}/members?limit=3`);
  });

  it('starts after the given member', async () => {
    const { gateway } = setUpGateway(discord.apiBase);
    discord.script(page('100'));

    await gateway.listMembers(guild, { after: '99', limit: 1000 });

    expect(discord.requests[0]?.path).toBe(`/api/v10/guilds/${GUILD}/members?limit=1000&after=99`);
  });

  it('may be empty', async () => {
    const { gateway } = setUpGateway(discord.apiBase);
    discord.script(page());

    expect(await gateway.listMembers(guild, first)).toEqual([]);
  });

  it.each<[string, Reply]>([
    ['a member twice', page('5', '5')],
    ['members in falling order', page('7', '6')],
    ['the member to begin after', page('4', '5')],
    ['one before it', page('3')],
    ['more than was asked for', page('5', '6', '7', '8')],
    ['a member without roles', { body: [{ user: { id: '5', username: 'a' } }] }],
    ['a member without id', { body: [{ ...memberBody(), user: {} }] }],
    ['no list', { body: { members: [] } }],
    ['a page', { body: '<html>' }],
    ['nothing', { status: 204 }],
  ])('is rejected if it contains %s', async (_case, reply) => {
    const { gateway } = setUpGateway(discord.apiBase);
    discord.script(reply);

    const failure = await failureOf(gateway.listMembers(guild, { after: '4', limit: 3 }));

    expect(failure.name).toBe('UnavailableError');
    expect(failure.message).toContain(`of guild ${GUILD}`);
  });

  it('needs the privileged intent', async () => {
    const { gateway } = setUpGateway(discord.apiBase);
    discord.script(refusal(403, 50001), { body: guildBody });

    expect(await failureOf(gateway.listMembers(guild, first))).toMatchObject({
      name: 'TerminalError',
      code: 'MISSING_INTENT',
    });
  });

  it('fails with UNKNOWN_GUILD if the guild is lost', async () => {
    const { gateway } = setUpGateway(discord.apiBase);
    discord.script(refusal(403, 50001));

    expect(await failureOf(gateway.listMembers(guild, first))).toMatchObject({
      code: 'UNKNOWN_GUILD',
    });
  });
});

describe('the role counts', () => {
  it('cover all roles except @everyone', async () => {
    const { gateway } = setUpGateway(discord.apiBase);
    discord.script({ body: { [GUILD]: 12, [ROLE]: 3, '500': 0 } });

    const counts = await gateway.readRoleCounts(guild);

    expect(Object.fromEntries(counts)).toEqual({ [ROLE]: 3, '500': 0 });
    expect(discord.requests[0]?.path).toBe(`/api/v10/guilds/${GUILD}/roles/member-counts`);
  });

  it.each<[string, Reply]>([
    ['a list', { body: [1, 2] }],
    ['a count in words', { body: { [ROLE]: '3' } }],
    ['a count below nought', { body: { [ROLE]: -1 } }],
    ['half a member', { body: { [ROLE]: 0.5 } }],
    ['a name in place of an id', { body: { pilot: 3 } }],
    ['a page', { body: '<html>' }],
  ])('are rejected if Discord sends %s', async (_case, reply) => {
    const { gateway } = setUpGateway(discord.apiBase);
    discord.script(reply);

    const failure = await failureOf(gateway.readRoleCounts(guild));

    expect(failure.name).toBe('UnavailableError');
  });
});
