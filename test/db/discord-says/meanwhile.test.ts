import { beforeEach, describe, expect, test } from 'vitest';

import { cause, membership } from '../../builders/store-world.js';
import { useDiscordSays } from '../../support/says-fixture.js';

const guild = useDiscordSays();
let goOn: () => Promise<void>;

/**
 * Alice, whose role a moderator has removed at Discord, is in a run that has read the facts and not
 * yet asked Discord.
 */
beforeEach(async () => {
  await guild.settledGuild();
  const rig = guild.rig();
  guild.byHand.take('alice');
  const arrived = Promise.withResolvers<void>();
  const leave = Promise.withResolvers<void>();
  rig.at('memory.readMember:after', async () => {
    arrived.resolve();
    await leave.promise;
  });
  goOn = async () => {
    leave.resolve();
    await rig.quiet();
  };
  const { id } = await guild.linkOf('alice');
  await rig.store.links.reconcileMember({ id, cause, waitMs: 0 });
  await arrived.promise;
});

const says = async (change: 'added' | 'removed') =>
  guild.rig().store.applyFacts([membership('alice', 'pilots', change)]);

describe('a change while a run waits for Discord', () => {
  test('that the platform makes itself to match Discord leaves nothing to request', async () => {
    await says('removed');
    await goOn();

    expect(await guild.askedOf()).toEqual([]);
    expect(await guild.requestsOf('alice')).toEqual([]);
  });

  test('that the platform makes and reverts still leaves one open request', async () => {
    await says('removed');
    await says('added');
    await goOn();
    await guild.verify();

    expect(await guild.askedOf()).toEqual(['removed alice pilots']);
    expect(await guild.requestsOf('alice')).toMatchObject([{ state: 'OPEN' }]);
  });

  test('that ends the link leaves nothing to request', async () => {
    const { id } = await guild.linkOf('alice');
    await guild.rig().store.links.unlinkMember({ id, cause });
    await goOn();

    expect(await guild.askedOf()).toEqual([]);
  });

  test.each([
    ['the mapping is given up', 'LEAVE'],
    ['another authority comes', 'OBSERVE'],
  ] as const)('leaves nothing to request when %s', async (_what, how) => {
    const { mappings } = guild.rig().store;
    const id = guild.mappingId();
    await (how === 'LEAVE'
      ? mappings.retireMapping({ id, holders: how, dryRun: false, cause })
      : mappings.updateMapping({ id, authority: how, cause }));
    await goOn();

    expect(await guild.askedOf()).toEqual([]);
    expect(await guild.query('select from remote_membership')).toEqual([]);
    expect(await guild.linkOf('alice')).toMatchObject({ state: 'IN_STEP' });
  });
});
