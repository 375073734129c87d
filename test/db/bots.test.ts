import { beforeEach, describe, expect, test } from 'vitest';

import { createLinkMember } from '../../services/connector/link-member.js';
import { silentLogger } from '../../services/lib/logger.js';
import { DEMO } from '../../services/demo/demo-world.js';
import { cause, membership, snapshotOf } from '../builders/store-world.js';
import { eventually } from '../support/eventually.js';
import { usePath } from '../support/path-fixture.js';

const { accounts, guildId, roles } = DEMO;
const MUSIC = '400000000000000077';
const OWN_BOT = '400000000000000010';
const USER = 'GET /users/{user_id} 200';

const path = usePath();
const store = () => path.rig().store;
const moderator = () => path.rig().discord.moderator;
const music = () => path.rig().discord.member(guildId, MUSIC);
const clientId = () => path.rig().clientId;

/** A bot is in the server, with a nickname and a mapped role granted by a moderator. */
beforeEach(() => {
  const key = { guildId, discordUserId: MUSIC };
  moderator().addUser({ discordUserId: MUSIC, username: 'music', isBot: true });
  moderator().join(key);
  moderator().setNick({ ...key, nick: 'Music' });
  moderator().giveRole({ ...key, roleId: roles.director });
  path.rig().discord.calls.reset();
});

const request = (discordUserId: string, platformUserId = 'mallory') => ({
  clientId: clientId(),
  platformUserId,
  discordUserId,
  cause,
});

const link = async (discordUserId: string) => {
  const { gateway } = path.rig();
  const asking = { store: store(), gateway, logger: silentLogger };
  return createLinkMember(asking)(request(discordUserId));
};

/** Links the bot as if Discord were unreachable. */
async function linkUnasked(groupIds: readonly string[] = ['pilots']) {
  await store().applyFacts([snapshotOf('mallory', groupIds)]);
  const { linkId } = await store().links.linkMember(request(MUSIC));
  await path.rig().quiet();
  return linkId;
}

const linkOf = async (platformUserId = 'mallory') =>
  store().read.findLinkByPlatformUser(clientId(), platformUserId);

const IS_A_BOT = {
  code: 'BAD_USER_INPUT',
  field: 'input.discordUserId',
  message: `Discord account ${MUSIC} is a bot; only accounts of people can be linked`,
};

const importing = async (discordUserId: string, dryRun = false) => {
  const users = [{ platformUserId: 'mallory', discordUserId }];
  const ask = { clientId: clientId(), users, dryRun, cause };
  const [verdict] = await store().links.importMembers(ask);
  return verdict;
};

describe('a bot account', () => {
  test('cannot be linked, and linking reads the account from Discord once', async () => {
    await expect(link(MUSIC)).rejects.toMatchObject(IS_A_BOT);

    expect(path.rig().discord.calls.counts()).toEqual({ [USER]: 1 });
    expect(await linkOf()).toBeUndefined();
  });

  test('cannot be linked even if it is in none of our servers', async () => {
    moderator().leave({ guildId, discordUserId: MUSIC });

    await expect(link(MUSIC)).rejects.toMatchObject(IS_A_BOT);
  });

  test("is rejected without a call to Discord if it is a client's own bot", async () => {
    const query = `update client set bot_user_id = '${OWN_BOT}'`;
    await path.query(query);

    await expect(link(OWN_BOT)).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
    });
    expect(await importing(OWN_BOT)).toMatchObject({ kind: 'INVALID' });
    expect(path.rig().discord.calls.counts()).toEqual({});
  });

  test('is linked if Discord is unreachable, then PARKED with the remedy and never changed', async () => {
    path.rig().discord.faults.plant({
      route: '/users/{user_id}',
      effect: { kind: 'status', status: 503 },
    });
    await store().applyFacts([snapshotOf('mallory', ['pilots'])]);

    await link(MUSIC);
    await path.rig().quiet();

    expect(await linkOf()).toMatchObject({
      state: 'PARKED',
      reason: expect.stringContaining(
        'the Discord account is a bot, which the connector never changes. To end it: end the link with unlinkDiscordUser. Next try at ',
      ),
    });
    expect(path.rig().writes()).toBe(0);
  });

  test('is not changed by later facts, and no audit record is opened', async () => {
    await linkUnasked();

    await store().applyFacts([
      membership('mallory', 'recruits'),
      membership('mallory', 'directors', 'removed'),
    ]);
    await path.rig().quiet();

    expect(path.rig().writes()).toBe(0);
    expect(music()?.roleIds).toEqual([roles.director]);
    expect(await path.query('select from audit_record')).toEqual([]);
    expect(await linkOf()).toMatchObject({ state: 'PARKED' });
  });

  test('keeps its roles and nickname when it is unlinked, and the link is removed without delay', async () => {
    const id = await linkUnasked([]);

    await store().links.unlinkMember({ id, cause });
    await eventually(async () => (await linkOf()) === undefined);

    expect(music()).toMatchObject({ nick: 'Music', roleIds: [roles.director] });
    expect(path.rig().writes()).toBe(0);
  });

  test('is rejected by an import once it has been read, and the error names the field', async () => {
    expect(await importing(MUSIC)).toMatchObject({ kind: 'LINKED' });
    await path.rig().quiet();
    expect(await linkOf()).toMatchObject({ state: 'PARKED' });

    for (const dryRun of [true, false])
      expect(await importing(MUSIC, dryRun)).toEqual({
        kind: 'INVALID',
        message: IS_A_BOT.message,
        linkId: null,
        field: 'discordUserId',
      });
    await expect(link(MUSIC)).rejects.toMatchObject(IS_A_BOT);
    await expect(store().links.linkMember(request(MUSIC))).rejects.toMatchObject(IS_A_BOT);
  });

  test('does not delay the deletion of a retired mapping whose role it holds', async () => {
    await linkUnasked([]);
    const [mapping] = await path.query<{ id: string }>(
      `select id from role_mapping where role_id = '${roles.director}'`,
    );

    await store().mappings.retireMapping({
      id: mapping?.id ?? '',
      holders: 'TAKE_BACK',
      dryRun: false,
      cause,
    });

    await eventually(
      async () =>
        (await path.query(`select from role_mapping where role_id = '${roles.director}'`))
          .length === 0,
    );
    expect(music()?.roleIds).toEqual([roles.director]);
  });
});

describe("a person's account", () => {
  test('is read from Discord when it is first linked, and not again', async () => {
    await link(accounts.alice);
    await path.rig().quiet();
    expect(path.rig().discord.calls.counts()).toMatchObject({ [USER]: 1 });

    await link(accounts.alice);

    expect(path.rig().discord.calls.counts()).toMatchObject({ [USER]: 1 });
  });

  test('that Discord does not know is linked and ABSENT', async () => {
    await link('400000000000000999');
    await path.rig().quiet();

    expect(await linkOf()).toMatchObject({ state: 'ABSENT' });
  });

  test('is linked without a call to Discord if the client is disabled', async () => {
    await store().clients.updateClient(clientId(), { isEnabled: false }, cause);

    await link(accounts.alice);

    expect(path.rig().discord.calls.counts()).toEqual({});
  });
});
