import { beforeEach, describe, expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { cause, membership, nextOrder } from '../../builders/store-world.js';
import { useSignIn } from '../../support/sign-in-fixture.js';

const { accounts, guildId, roles } = DEMO;
const guild = useSignIn();

async function namedErin(): Promise<void> {
  await guild.update({
    nicknamePolicy: {
      strategy: 'EVE_ONLINE',
      template: null,
      onUnlink: 'RESET',
    },
  });
  await guild.rig().store.applyFacts([
    {
      kind: 'userChanged',
      platformUserId: 'erin',
      username: 'erin',
      attributes: { character: 'Erin Solo' },
      order: nextOrder(),
      cause,
    },
    membership('erin', 'pilots'),
  ]);
  await guild.quiet();
}

const patches = () => guild.calls().filter((call) => call.startsWith('PATCH')).length;

describe('a person whom the bot adds to the guild', () => {
  /** Without screening, the call that adds a person carries roles and nickname. */
  beforeEach(async () => void (await guild.update({ screening: 'IGNORE' })));

  test('has the nickname in the record and in the event, and needs no further write', async () => {
    await namedErin();

    await guild.signIn('erin');

    expect(await guild.records()).toMatchObject([
      { outcome: 'APPLIED', added: [roles.pilot], nickname: 'Erin Solo' },
    ]);
    expect(await guild.told()).toMatchObject([
      { type: 'discord.user.linked.v1' },
      {
        type: 'discord.roles.changed.v1',
        data: { added: [roles.pilot], nickname: 'Erin Solo' },
      },
    ]);
    expect(patches()).toBe(0);
  });

  test('who gets the nickname but not a refused role has the nickname in the record', async () => {
    await namedErin();
    const { discord } = guild.rig();
    discord.moderator.moveRole({ guildId, roleId: roles.pilot, position: 7 });

    await guild.signIn('erin');

    expect(discord.member(guildId, accounts.erin)).toMatchObject({
      nick: 'Erin Solo',
      roleIds: [],
    });
    expect(patches()).toBe(0);
    expect(await guild.records()).toMatchObject([{ nickname: 'Erin Solo' }]);
  });

  test('gets no nickname, and causes no refusal, if the bot is known to lack the permission', async () => {
    await namedErin();
    const { query, discord } = guild.rig();
    await query(
      `insert into role (client_id, id, name, position, color, is_managed, rename_refusal)
       select id, guild_id, '@everyone', 0, 0, false, 'MISSING_PERMISSION' from client
       on conflict (client_id, id) do update set rename_refusal = excluded.rename_refusal`,
    );

    await guild.signIn('erin');

    expect(discord.member(guildId, accounts.erin)).toMatchObject({
      nick: null,
      roleIds: [roles.pilot],
    });
    expect(guild.calls().filter((call) => call.endsWith(' 403'))).toEqual([]);
    const link = await guild.linkOf('erin');
    expect(link?.reason).toContain('Manage Nicknames');
  });
});
