import { describe, expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { cause, snapshotOf } from '../../builders/store-world.js';
import { createCrashWorld, type CrashWorld } from '../../support/crash-world.js';
import { patienceMs } from '../../support/eventually.js';
import { useDiscordSays } from '../../support/says-fixture.js';

const { guildId, accounts, roles } = DEMO;

/** A moderator has granted Carol a role under authority DISCORD; her job waits. */
async function prepare(world: CrashWorld): Promise<void> {
  const { store, clientId, discord, linkId } = world;
  const [mappings] = await store.read.mappingsOfClients([clientId]);
  await store.mappings.updateMapping({
    id: mappings?.find(({ groupId }) => groupId === 'pilots')?.id ?? '',
    authority: 'DISCORD',
    cause,
  });
  await store.applyFacts([snapshotOf('carol', [])]);
  await world.settle();
  discord.moderator.giveRole({
    guildId,
    discordUserId: accounts.carol,
    roleId: roles.pilot,
  });
  await store.links.reconcileMember({ id: linkId, cause, waitMs: 0 });
}

describe.concurrent('a process that dies', () => {
  test.for(['discord.readMember:after', 'memory.settle:before', 'memory.settle:after'] as const)(
    'at %s still sends the platform exactly one request',
    async (killAt, context) => {
      const world = await createCrashWorld();
      context.onTestFinished(world.end);
      await prepare(world);

      const child = await world.startChild({ killAt });
      expect(await child.ended()).toBe('SIGKILL');
      await world.endLease();
      await world.startPath();
      await world.quiet();

      expect(
        await world.query(`
        select r.request, r.request_state, r.request_id = o.id as is_told from remote_membership r
        join outbox o on o.type = 'discord.membership.requested.v1' where r.request is not null`),
      ).toEqual([{ request: 'ADDED', request_state: 'OPEN', is_told: true }]);
    },
  );
});

describe('a settlement that fails half-way', () => {
  const guild = useDiscordSays();

  test('sends no request, and the next settlement sends it once', async () => {
    await guild.settledGuild();
    await guild.query(`
      create function refuse() returns trigger language plpgsql as 'begin raise exception ''no room''; end';
      create trigger refuse before insert on outbox for each row
        when (new.type = 'discord.membership.requested.v1') execute function refuse()`);
    guild.byHand.take('alice');
    const { id } = await guild.linkOf('alice');

    const outcome = await guild.rig().store.links.reconcileMember({ id, cause, waitMs: 500 });

    expect(outcome).toBe('PENDING');
    expect(await guild.requestsOf('alice')).toEqual([]);

    await guild.query('drop trigger refuse on outbox');
    await guild.rig().restart();
    await guild.rig().store.links.reconcileMember({ id, cause, waitMs: patienceMs() });

    expect(await guild.askedOf()).toEqual(['removed alice pilots']);
    expect(await guild.requestsOf('alice')).toHaveLength(1);
  });
});
