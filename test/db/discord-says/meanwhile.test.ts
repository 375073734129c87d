import { beforeEach, describe, expect, test } from 'vitest';

import { cause } from '../../builders/store-world.js';
import { eventually } from '../../support/eventually.js';
import { useDiscordSays } from '../../support/says-fixture.js';

const guild = useDiscordSays();
/** Within the patience of a call; far more than what is done meanwhile needs. */
const SLOW_MS = 900;

/** A run of Alice, whose role Discord has taken, waits for Discord's answer. */
beforeEach(async () => {
  await guild.settledGuild();
  const { store, discord } = guild.rig();
  guild.byHand.take('alice');
  discord.faults.plant({
    method: 'GET',
    effect: { kind: 'latency', ms: SLOW_MS },
  });
  const { id } = await guild.linkOf('alice');
  await store.links.reconcileMember({ id, cause, waitMs: 0 });
  await eventually(async () => {
    const claimed = await guild.query(
      'select from reconcile_job where claimed_by is not null',
    );
    return claimed.length === 1;
  });
});

describe('what happens while a run waits for Discord', () => {
  test('as the platform says the same by itself, leaves nothing to be asked', async () => {
    await guild.says('alice', 'removed');

    expect(await guild.askedOf()).toEqual([]);
    expect(await guild.requestsOf('alice')).toEqual([]);
  });

  test('as the platform says anything else of the group, is known to the run that asks', async () => {
    await guild.says('alice', 'removed');
    await guild.says('alice', 'added');
    await guild.verify();

    expect(await guild.askedOf()).toEqual(['removed alice pilots']);
    expect(await guild.requestsOf('alice')).toMatchObject([{ state: 'OPEN' }]);
  });

  test('as the link ends, leaves nobody to ask about', async () => {
    const { id } = await guild.linkOf('alice');
    await guild.rig().store.links.unlinkMember({ id, cause });
    await guild.rig().quiet();

    expect(await guild.askedOf()).toEqual([]);
  });

  test.each([
    ['the mapping is given up', 'LEAVE'],
    ['another authority comes', 'OBSERVE'],
  ] as const)('as %s, leaves nothing to ask', async (_what, how) => {
    const { mappings } = guild.rig().store;
    const id = guild.mappingId();
    await (how === 'LEAVE'
      ? mappings.retireMapping({ id, holders: how, dryRun: false, cause })
      : mappings.updateMapping({ id, authority: how, cause }));
    await guild.rig().quiet();

    expect(await guild.askedOf()).toEqual([]);
    expect(await guild.query('select from remote_membership')).toEqual([]);
    expect(await guild.linkOf('alice')).toMatchObject({ state: 'IN_STEP' });
  });
});
