import { expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { useSweeps } from '../../support/sweep-fixture.js';

const { guildId, roles } = DEMO;
const world = useSweeps();

const names = async () =>
  world.query<{ id: string; name: string }>(`select id, name from role order by id`);

test('an import updates the name of a role renamed at Discord, and changes no other', async () => {
  const before = await names();

  world.rig().discord.moderator.editRole({ guildId, roleId: roles.pilot, name: 'Wing' });
  await world.rig().importRoles();

  expect(await names()).toEqual(
    before.map((role) => (role.id === roles.pilot ? { ...role, name: 'Wing' } : role)),
  );
});
