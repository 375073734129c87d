import { beforeEach, describe, expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { cause } from '../../builders/store-world.js';
import { goLive } from '../../support/go-live.js';
import { useNicknames } from '../../support/nickname-fixture.js';

const { accounts, applicationId } = DEMO;
const OURS = '[SA] Jane';
const LEFT =
  'the nickname is not set: others have changed it three times within an hour; the next ENFORCE_NICKNAMES sweep sets it';

const names = useNicknames();

/**
 * Somebody renames Alice, and an event shows it. `isOld`: the connector's last write is not so young
 * that the event might be older.
 */
async function rename(nick: string, { isOld = true } = {}): Promise<void> {
  const { store, clientId, quiet } = names.rig();
  names.rename('alice', nick);
  if (isOld)
    await names.world.query(`update member set read_at = read_at - interval '1 minute',
      roles_read_at = roles_read_at - interval '1 minute', live_at = live_at - interval '1 minute'`);
  const member = {
    roleIds: names.rig().rolesOf('alice') ?? [],
    username: 'alice',
    displayName: 'Alice',
    nickname: nick,
    isPending: false,
    timedOutUntil: null,
  };
  await store.live.applyEvents({
    applicationId,
    position: null,
    clients: [{ clientId, shown: [{ discordUserId: accounts.alice, member }], left: [], bans: [] }],
  });
  await quiet();
}

const times = async () =>
  names.world.query<{ changes: number }>(
    `select cardinality(renamed_by_hand_at) as changes from member where discord_user_id = '${accounts.alice}'`,
  );

beforeEach(async () => {
  await names.policy('TEMPLATE', '[SA] %username');
  await names.person('alice', {}, 'Jane');
  await names.link('alice', accounts.alice);
  await goLive(names.world);
  names.discord().calls.reset();
});

describe.each([
  ['an event', { isOld: true }],
  ['a reading, as the event may be older than the last write', { isOld: false }],
])('a nickname that others change, as shown by %s', (_, how) => {
  test('is put back with one call, twice within an hour', async () => {
    await rename('Boss', how);
    expect(names.nickOf('alice')).toBe(OURS);
    expect(names.patches()).toBe(1);

    await rename('Chief', how);
    expect(names.nickOf('alice')).toBe(OURS);
    expect(names.patches()).toBe(2);
    expect(await times()).toEqual([{ changes: 2 }]);
  });

  test('is left alone after the third change, until ENFORCE_NICKNAMES', async () => {
    for (const nick of ['Boss', 'Chief', 'Lord']) await rename(nick, how);

    expect(names.nickOf('alice')).toBe('Lord');
    expect(names.patches()).toBe(2);
    expect(await names.linkOf('alice')).toMatchObject({ reason: LEFT });

    await names.sweep();
    expect(names.nickOf('alice')).toBe(OURS);
    expect(await names.linkOf('alice')).toEqual({ state: 'IN_STEP', reason: null });
    expect(await times()).toEqual([{ changes: 0 }]);
  });
});

test('an admin who reconciles the member sets the nickname again', async () => {
  for (const nick of ['Boss', 'Chief', 'Lord']) await rename(nick);
  const { store, clientId } = names.rig();
  const link = await store.read.findLinkByPlatformUser(clientId, 'alice');

  await store.links.reconcileMember({ id: link?.id ?? '', cause, waitMs: 10_000 });

  expect(names.nickOf('alice')).toBe(OURS);
});
