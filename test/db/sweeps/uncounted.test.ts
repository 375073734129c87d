import { describe, expect, test } from 'vitest';

import { storedHealth } from '../../../services/api/clients/client-health.js';
import { DEMO } from '../../../services/demo/demo-world.js';
import { held, LIST, useSweeps } from '../../support/sweep-fixture.js';

const { roles } = DEMO;

const world = useSweeps();

const discord = () => world.rig().discord;

function failCounts(status: number): void {
  discord().faults.plant({
    effect: { kind: 'status', status, code: 0 },
    route: '/guilds/{guild_id}/roles/member-counts',
    times: null,
  });
}

async function countsCheck() {
  const { store, clientId } = world.rig();
  const [client] = await store.clients.findClients([clientId]);
  if (client === undefined) throw new Error('the client has gone');
  return storedHealth(client, new Date()).find(({ name }) => name === 'role counts');
}

describe('a verification whose role counts fail', () => {
  test.each([404, 403, 500])(
    'reads the member list after a %i response, and the health shows a warning until Discord returns counts again',
    async (status) => {
      await world.settledGuild();
      discord().moderator.takeRole(held('alice', roles.pilot));
      failCounts(status);

      const sweep = await world.sweep('VERIFY_GROUPS');

      expect(sweep).toMatchObject({ state: 'DONE', drifted: 1, changed: 1 });
      expect(world.calls()).toMatchObject({ [LIST]: 1 });
      expect(world.rig().rolesOf('alice')).toContain(roles.pilot);
      expect(await countsCheck()).toMatchObject({
        result: 'WARNING',
        message: expect.stringContaining('read the whole member list instead'),
      });
      discord().faults.clear();
      await world.sweep('VERIFY_GROUPS');
      expect(await countsCheck()).toBeUndefined();
    },
  );
});
