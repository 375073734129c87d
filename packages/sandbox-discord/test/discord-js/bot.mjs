// Two bots of discord.js 14 on what the command printed: one that is never logged in, for its REST
// half, and one that logs in to the gateway.
import assert from 'node:assert/strict';
import { once } from 'node:events';

import {
  AuditLogEvent,
  Client,
  DiscordAPIError,
  Events,
  GatewayIntentBits,
  REST,
  Routes,
} from 'discord.js';

const printed = process.argv[2] ?? '';
const named = (name) => new RegExp(`${name} +(\\S+)`).exec(printed)?.[1] ?? '';
const idOf = (name) => new RegExp(`(\\d+) {2}${name}`).exec(printed)?.[1] ?? '';
const api = named('REST API');
const token = named('Bot token');

const rest = new REST({ api, retries: 0 }).setToken(token);
const client = new Client({ intents: [], rest: { api, retries: 0 } });
client.rest.setToken(token);

const { Guilds, GuildMembers, GuildModeration } = GatewayIntentBits;
const live = new Client({ intents: [Guilds, GuildMembers, GuildModeration], rest: { api } });
const PATIENCE_MS = 20_000;
const emitted = (event) => once(live, event, { signal: AbortSignal.timeout(PATIENCE_MS) });
const page = async (path, body) => {
  const response = await fetch(`${named('Page')}/sandbox/${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  assert.equal(response.status, 200);
};
/** What a moderator does by hand on the page, and the event that tells of it. */
const byHand = async (event, action) => {
  const heard = emitted(event);
  await page('actions', { guildId: named('Guild'), ...action });
  return heard;
};
const sessions = async () =>
  (await (await fetch(`${named('Page')}/sandbox/state`)).json()).sessions;

const checks = {
  async 'REST: who am I'() {
    const { id } = await rest.get(Routes.user());
    assert.equal(id, named('Bot user'));
  },
  async 'REST: a nickname, with a reason'() {
    const path = Routes.guildMember(named('Guild'), idOf('bob'));
    const { nick } = await rest.patch(path, { body: { nick: ' Bobby ' }, reason: 'Grüße' });
    assert.equal(nick, 'Bobby');
  },
  async 'REST: a refusal is a DiscordAPIError with its code'() {
    const path = Routes.guildMemberRole(named('Guild'), idOf('bob'), idOf('Admin'));
    await assert.rejects(rest.put(path), (error) => {
      assert.ok(error instanceof DiscordAPIError);
      assert.deepEqual([error.status, error.code], [403, 50013]);
      return true;
    });
  },
  async 'Client: the guild, its roles and members'() {
    const guild = await client.guilds.fetch(named('Guild'));
    const roles = await guild.roles.fetch();
    const members = await guild.members.list({ limit: 100 });
    assert.equal(guild.name, 'Example Guild');
    assert.ok(roles.some(({ name }) => name === 'Moderator'));
    assert.deepEqual(members.map(({ user }) => user.username).toSorted(), [
      'ada',
      'alice',
      'bob',
      'example-bot',
    ]);
  },
  async 'Client: a role granted, read back and removed'() {
    const guild = await client.guilds.fetch(named('Guild'));
    const alice = await guild.members.fetch(idOf('alice'));
    const role = await guild.roles.fetch(idOf('Moderator'));
    const read = async () => (await guild.members.fetch({ user: alice, force: true })).roles.cache;
    await alice.roles.add(role, 'a reason');
    assert.ok((await read()).has(role.id));
    await alice.roles.remove(role);
    assert.ok(!(await read()).has(role.id));
  },
  async 'Client: a role created and deleted'() {
    const guild = await client.guilds.fetch(named('Guild'));
    const role = await guild.roles.create({ name: 'Visitors', permissions: [] });
    await role.delete('no visitors');
    assert.ok(!(await guild.roles.fetch(undefined, { force: true })).has(role.id));
  },
  async 'Client: the audit log names the reasons'() {
    const guild = await client.guilds.fetch(named('Guild'));
    const { entries } = await guild.fetchAuditLogs();
    assert.ok(entries.some(({ reason }) => reason === 'a reason'));
  },
  async 'Client: a role created with colours and moved, to no place above the bot'() {
    const guild = await client.guilds.fetch(named('Guild'));
    const role = await guild.roles.create({ name: 'Scouts', colors: { primaryColor: 0x112233 } });
    const positionOf = async (name) =>
      (await guild.roles.fetch(undefined, { force: true })).find((one) => one.name === name)
        .position;
    await role.setPosition((await positionOf('Member')) + 1);
    assert.equal(role.colors.primaryColor, 0x112233);
    assert.ok((await positionOf('Scouts')) > (await positionOf('Member')));
    await assert.rejects(role.setPosition(await positionOf('Admin')), { code: 50013 });
    await role.delete();
  },
  async 'Client: a ban made, listed, read and lifted'() {
    const guild = await client.guilds.fetch(named('Guild'));
    await guild.bans.create(idOf('bob'), { deleteMessageSeconds: 60, reason: 'spam' });
    const { reason } = await guild.bans.fetch(idOf('bob'));
    const listed = await guild.bans.fetch();
    await guild.bans.remove(idOf('bob'), 'forgiven');
    assert.equal(reason, 'spam');
    assert.deepEqual([...listed.keys()], [idOf('bob')]);
    assert.equal((await guild.bans.fetch()).size, 0);
  },
  async 'Client: the preview and the channels of the guild'() {
    const preview = await client.fetchGuildPreview(named('Guild'));
    const guild = await client.guilds.fetch(named('Guild'));
    const channels = await guild.channels.fetch();
    const { name } = await client.channels.fetch(channels.firstKey(), { force: true });
    assert.equal(preview.name, 'Example Guild');
    assert.equal(name, 'general');
  },
  async 'REST: the avatar, banner and bio of the bot in the guild'() {
    const avatar = `data:image/png;base64,${Buffer.from('89504e470d0a1a0a', 'hex').toString('base64')}`;
    const path = Routes.guildMember(named('Guild'), '@me');
    const member = await rest.patch(path, { body: { avatar, banner: null, bio: 'Keeps order.' } });
    assert.match(member.avatar, /^[0-9a-f]{32}$/);
  },
  async 'Gateway: logs in, with the guild and its roles'() {
    const ready = emitted(Events.ClientReady);
    await live.login(token);
    await ready;
    const guild = live.guilds.cache.get(named('Guild'));
    assert.equal(live.user.id, named('Bot user'));
    assert.equal(guild.name, 'Example Guild');
    assert.ok(guild.roles.cache.some(({ name }) => name === 'Moderator'));
    assert.ok(guild.members.me.permissions.has('ManageRoles'));
  },
  async 'Gateway: a member who joins, and all members at once'() {
    await byHand(Events.GuildMemberAdd, { action: 'join', discordUserId: idOf('bob') });
    const members = await live.guilds.cache.get(named('Guild')).members.fetch();
    assert.ok(members.has(idOf('alice')) && members.has(idOf('bob')));
  },
  async 'Gateway: a role given by hand, and who gave it'() {
    const entry = emitted(Events.GuildAuditLogEntryCreate);
    const which = { discordUserId: idOf('alice'), roleId: idOf('Moderator') };
    const [before, after] = await byHand(Events.GuildMemberUpdate, {
      action: 'giveRole',
      ...which,
    });
    assert.ok(!before.roles.cache.has(which.roleId) && after.roles.cache.has(which.roleId));
    const [{ action, executorId, targetId }] = await entry;
    assert.deepEqual(
      [action, executorId, targetId],
      [AuditLogEvent.MemberRoleUpdate, idOf('ada'), which.discordUserId],
    );
  },
  async 'Gateway: its own write comes back'() {
    const guild = live.guilds.cache.get(named('Guild'));
    const heard = emitted(Events.GuildMemberUpdate);
    await guild.members.cache.get(idOf('alice')).roles.remove(idOf('Moderator'));
    const [, after] = await heard;
    assert.ok(!after.roles.cache.has(idOf('Moderator')));
  },
  async 'Gateway: members who leave, come back, are banned and unbanned'() {
    const discordUserId = idOf('bob');
    const [left] = await byHand(Events.GuildMemberRemove, { action: 'leave', discordUserId });
    assert.equal(left.id, discordUserId);
    const [back] = await byHand(Events.GuildMemberAdd, { action: 'join', discordUserId });
    assert.equal(back.id, discordUserId);
    const [ban] = await byHand(Events.GuildBanAdd, { action: 'ban', discordUserId });
    assert.equal(ban.user.id, discordUserId);
    const [unban] = await byHand(Events.GuildBanRemove, { action: 'unban', discordUserId });
    assert.equal(unban.user.id, discordUserId);
    await byHand(Events.GuildMemberAdd, { action: 'join', discordUserId });
  },
  async 'Gateway: roles created, changed and deleted'() {
    const guild = live.guilds.cache.get(named('Guild'));
    const created = emitted(Events.GuildRoleCreate);
    const role = await guild.roles.create({ name: 'Live' });
    assert.equal((await created)[0].id, role.id);
    const changed = emitted(Events.GuildRoleUpdate);
    await role.setName('Livelier');
    assert.equal((await changed)[1].name, 'Livelier');
    await byHand(Events.GuildRoleDelete, { action: 'deleteRole', roleId: role.id });
    assert.ok(!guild.roles.cache.has(role.id));
  },
  async 'Gateway: resumes after a forced reconnect, and misses nothing'() {
    const guild = live.guilds.cache.get(named('Guild'));
    const [{ sessionId }] = await sessions();
    const resumed = emitted(Events.ShardResume);
    await page('sessions', { action: 'reconnect', sessionId });
    const bob = { guildId: named('Guild'), discordUserId: idOf('bob') };
    await page('actions', { action: 'leave', ...bob });
    await resumed;
    // It emits no event for a member who leaves during the replay, but forgets the member.
    assert.ok(!guild.members.cache.has(idOf('bob')));
    const [session] = await sessions();
    assert.deepEqual([session.sessionId, session.resumes], [sessionId, 1]);
    await byHand(Events.GuildMemberAdd, { action: 'join', discordUserId: idOf('bob') });
  },
  async 'Gateway: logs out'() {
    await live.destroy();
    assert.deepEqual(await sessions(), []);
  },
  async 'REST: waits out the rate limit of roles'() {
    const path = Routes.guildMemberRole(named('Guild'), idOf('alice'), idOf('Member'));
    const waits = [];
    rest.on('rateLimited', (wait) => waits.push(wait));
    await Promise.all(Array.from({ length: 11 }, () => rest.put(path)));
    assert.ok(waits.length > 0);
  },
};

for (const [name, check] of Object.entries(checks)) {
  await check();
  process.stdout.write(`  ok  ${name}\n`);
}
await client.destroy();
rest.clearHandlerSweeper();
rest.clearHashSweeper();
