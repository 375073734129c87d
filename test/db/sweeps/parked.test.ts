import { beforeEach, describe, expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { membership } from '../../builders/store-world.js';
import { useSweeps } from '../../support/sweep-fixture.js';
import { openApiOn, type RealApi } from '../api/api-world.js';

const { roles } = DEMO;

const world = useSweeps();

let api: Pick<RealApi, 'ask'>;
beforeEach(async () => {
  api = await openApiOn(world.rig().store);
});

const NAME = `role Director (${roles.director})`;

/**
 * Alice and Carol should be directors, a role that was moved above the bot; Bob needs no change.
 */
async function twoParked(): Promise<void> {
  await world.settledGuild();
  await world.link('carol');
  const { store, discord } = world.rig();
  discord.moderator.moveRole({
    guildId: DEMO.guildId,
    roleId: roles.director,
    position: 6,
  });
  await world.rig().importRoles();
  await store.applyFacts([membership('bob', 'directors'), membership('carol', 'directors')]);
  await world.rig().quiet();
}

async function checks(): Promise<readonly unknown[]> {
  const { discordClient } = await api.ask(
    `query ($id: ID!) { discordClient(id: $id) { health { checks { name result message remedy } } } }`,
    { id: world.rig().clientId },
  );
  const { health } = JSON.parse(JSON.stringify(discordClient));
  return health.checks.filter(({ name }: { readonly name: string }) => name === 'parked members');
}

async function parkedUsers(): Promise<unknown> {
  const { discordUsers } = await api.ask(
    `query ($id: ID!) { discordUsers(clientId: $id, filter: { states: [PARKED] }) { nodes { state reason } } }`,
    { id: world.rig().clientId },
  );
  return discordUsers;
}

describe('parked members', () => {
  test('appear in the health with their number, causes and remedies', async () => {
    await twoParked();

    expect(await checks()).toEqual([
      {
        name: 'parked members',
        result: 'WARNING',
        message: `2 linked members are parked and not in step: ${NAME} is not below the bot (2).`,
        remedy: `Move the bot's role above it in the server settings, then run importDiscordRoles. List them with discordUsers(clientId: "${world.rig().clientId}", filter: { states: [PARKED] }); each is tried again once a day.`,
      },
    ]);
  });

  test('each show the remedy and the time of the next try', async () => {
    await twoParked();

    const reason = expect.stringMatching(
      new RegExp(
        `^role Director \\(${roles.director}\\) is not below the bot\\. To end it: move the bot's role above it in the server settings, then run importDiscordRoles\\. Next try at \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d UTC$`,
      ),
    );
    expect(await parkedUsers()).toEqual({
      nodes: [
        { state: 'PARKED', reason },
        { state: 'PARKED', reason },
      ],
    });
  });

  test.each(['VERIFY_GROUPS', 'REMOTE_SYNC'] as const)(
    'are counted and named by a sweep of kind %s, which does not retry them',
    async (kind) => {
      await twoParked();
      const before = world.rig().writes();

      const sweep = await world.sweep(kind);

      expect(sweep).toMatchObject({
        state: 'DONE',
        drifted: 2,
        parked: 2,
        failed: 2,
        changed: 0,
        reason: `2 members are parked and retried once a day: ${NAME} is not below the bot (2)`,
      });
      expect(world.rig().writes()).toBe(before);
    },
  );

  test('disappear from health and sweeps once the cause is fixed', async () => {
    await twoParked();

    world.rig().discord.moderator.moveRole({
      guildId: DEMO.guildId,
      roleId: roles.director,
      position: 3,
    });
    await world.rig().importRoles();
    await world.rig().quiet();

    expect(await checks()).toEqual([]);
    expect(world.rig().rolesOf('carol')).toContain(roles.director);
    expect(await world.sweep('VERIFY_GROUPS')).toMatchObject({
      drifted: 0,
      parked: 0,
      reason: null,
    });
  });
});
