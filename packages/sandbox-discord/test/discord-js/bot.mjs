// A bot of discord.js 14 that is never logged in: its REST half, on what the command printed.
import assert from 'node:assert/strict';

import { Client, DiscordAPIError, REST, Routes } from 'discord.js';

const printed = process.argv[2] ?? '';
const named = (name) => new RegExp(`${name} +(\\S+)`).exec(printed)?.[1] ?? '';
const idOf = (name) => new RegExp(`(\\d+) {2}${name}`).exec(printed)?.[1] ?? '';
const api = named('REST API');
const token = named('Bot token');

const rest = new REST({ api, retries: 0 }).setToken(token);
const client = new Client({ intents: [], rest: { api, retries: 0 } });
client.rest.setToken(token);

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
