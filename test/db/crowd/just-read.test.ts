import { describe, expect, test } from 'vitest';

import { cause, mapGroup, snapshotOf } from '../../builders/store-world.js';
import { usePath } from '../../support/path-fixture.js';

const EVENT_HOST = '300000000000000002';
const READ = 'GET /guilds/{guild_id}/members/{user_id} 200';
const GRANT = 'PUT /guilds/{guild_id}/members/{user_id}/roles/{role_id} 204';

const path = usePath();

/** Links Alice, whose run reads her, then creates a mapping that grants her a role. */
async function mapAnotherGroup(prepare: () => Promise<unknown> = async () => undefined) {
  const { store, clientId } = path.rig();
  await store.applyFacts([snapshotOf('alice', ['staff'])]);
  await path.link('alice');
  await prepare();
  path.rig().discord.calls.reset();
  await mapGroup(store.mappings, { clientId, groupId: 'staff', roleId: EVENT_HOST });
  await path.rig().quiet();
  return path.rig().discord.calls.counts();
}

describe('a member who was just read', () => {
  test('is not read again for a new mapping', async () => {
    expect(await mapAnotherGroup()).toEqual({ [GRANT]: 1 });
  });

  test('is read again a minute later', async () => {
    const calls = await mapAnotherGroup(() =>
      path.query("update member set roles_read_at = roles_read_at - interval '1 minute'"),
    );

    expect(calls).toEqual({ [READ]: 1, [GRANT]: 1 });
  });

  test('is read again when the age of their roles is unknown', async () => {
    const calls = await mapAnotherGroup(() => path.query('update member set roles_read_at = null'));

    expect(calls).toEqual({ [READ]: 1, [GRANT]: 1 });
  });

  test('is read again when a person requests a reconcile of this member', async () => {
    const linkId = await path.link('alice');
    const { store, discord } = path.rig();

    await store.links.reconcileMember({ id: linkId, cause, waitMs: 10_000 });

    expect(discord.calls.counts()).toEqual({ [READ]: 1 });
  });

  test('is read again when Discord has authority over one of their mappings', async () => {
    const { store, clientId } = path.rig();
    await store.clients.updateClient(clientId, { authority: 'DISCORD' }, cause);

    expect(await mapAnotherGroup()).toMatchObject({ [READ]: 1 });
  });
});
