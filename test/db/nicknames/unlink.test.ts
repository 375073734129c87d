import { describe, expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { cause, nextOrder, snapshotOf } from '../../builders/store-world.js';
import { eventually } from '../../support/eventually.js';
import { FLEET_COMMAND, useNicknames } from '../../support/nickname-fixture.js';

const { guildId, accounts } = DEMO;

const names = useNicknames();

/** The connector has set Alice's nickname to "Jane Doe". */
async function namedJane(): Promise<string> {
  await names.policy('EVE_ONLINE');
  await names.person('alice', { character: 'Jane Doe' });
  const linkId = await names.link('alice', accounts.alice);
  expect(names.nickOf('alice')).toBe('Jane Doe');
  return linkId;
}

const hasNoLink = async () => (await names.linkOf('alice')).state === undefined;

describe('unlinking a person', () => {
  test('resets the nickname that the connector set, and records and publishes it', async () => {
    const linkId = await namedJane();

    await names.unlink(linkId);

    expect(names.nickOf('alice')).toBeNull();
    expect(await hasNoLink()).toBe(true);
    const records = await names.world.query(
      'select nickname, planned_nickname, outcome from audit_record order by closed_at desc limit 1',
    );
    expect(records).toEqual([{ nickname: '', planned_nickname: '', outcome: 'APPLIED' }]);
    const events = await names.world.query<{ data: object }>(
      `select data from outbox where type = 'discord.roles.changed.v1' order by position desc limit 1`,
    );
    expect(events.map(({ data }) => data)).toMatchObject([{ nickname: '' }]);
  });

  test('resets the nickname and removes the roles', async () => {
    await names.rig().store.applyFacts([snapshotOf('alice', ['pilots', 'directors'])]);
    const linkId = await namedJane();

    await names.unlink(linkId);

    const member = names.discord().member(guildId, accounts.alice);
    expect(member).toMatchObject({ nick: null, roleIds: [] });
    expect(await hasNoLink()).toBe(true);
  });

  test('keeps the nickname if the policy says KEEP', async () => {
    const linkId = await namedJane();
    await names.policy('EVE_ONLINE', null, {
      nicknamePolicy: {
        strategy: 'EVE_ONLINE',
        template: null,
        onUnlink: 'KEEP',
      },
    });

    await names.unlink(linkId);

    expect(names.nickOf('alice')).toBe('Jane Doe');
    expect(await hasNoLink()).toBe(true);
  });

  test('resets a nickname set under an earlier policy', async () => {
    const linkId = await namedJane();
    await names.policy('NONE');

    await names.unlink(linkId);

    expect(names.nickOf('alice')).toBeNull();
  });

  test('keeps a nickname that a moderator has changed since', async () => {
    const linkId = await namedJane();
    names.rename('alice', 'Queen of Pilots');

    await names.unlink(linkId);

    expect(names.nickOf('alice')).toBe('Queen of Pilots');
    expect(await hasNoLink()).toBe(true);
  });

  test('keeps a nickname that the connector never set', async () => {
    names.rename('alice', 'Jane Doe');
    const linkId = await namedJane();

    await names.unlink(linkId);

    expect(names.nickOf('alice')).toBe('Jane Doe');
  });

  test('ends the link if the bot may not rename the member', async () => {
    const linkId = await namedJane();
    names.discord().moderator.giveRole({
      guildId,
      discordUserId: accounts.alice,
      roleId: FLEET_COMMAND,
    });

    await names.unlink(linkId);

    expect(await hasNoLink()).toBe(true);
    expect(names.nickOf('alice')).toBe('Jane Doe');
    expect(names.refusals()).toBe(0);
  });

  test('writes nothing if the client is in OBSERVE', async () => {
    const linkId = await namedJane();
    await names.policy('EVE_ONLINE', null, { authority: 'OBSERVE' });
    const before = names.rig().writes();

    await names.unlink(linkId);

    expect(names.nickOf('alice')).toBe('Jane Doe');
    expect(names.rig().writes()).toBe(before);
  });

  test('gives the next person linked to the account their own nickname', async () => {
    const linkId = await namedJane();
    await names.person('bob', { character: 'Robert' });

    await names.rig().store.links.unlinkMember({ id: linkId, cause });
    await names.link('bob', accounts.alice);

    expect(names.nickOf('alice')).toBe('Robert');
  });

  test('resets the nickname of a deleted person, and deletes its stored hash', async () => {
    await namedJane();

    await names.rig().store.applyFacts([
      {
        kind: 'userDeleted',
        platformUserId: 'alice',
        order: nextOrder(),
        cause,
      },
    ]);
    await eventually(hasNoLink);

    expect(names.nickOf('alice')).toBeNull();
    expect(
      await names.world.query('select 1 from member where nickname_set_hash is not null'),
    ).toEqual([]);
  });
});
