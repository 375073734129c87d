import { expect, test } from 'vitest';

import { DEMO } from '../../../services/sandbox/demo-world.js';
import { cause, membership } from '../../builders/store-world.js';
import {
  allIsDone,
  insist,
  loseAnswer,
  pauseAfter,
  playWithFaults,
  type LossyWorld,
} from './world.js';

const { guildId, roles } = DEMO;

test.each([
  ['the answer to any statement is lost', loseAnswer],
  ['the database pauses for longer than any lease', pauseAfter],
])(
  'a fact is followed by its role within ten seconds after %s',
  async (_what, fault) => {
    const statements = await playWithFaults(fault, comeAndGo);

    expect(statements).toBeGreaterThan(35);
  },
  180_000,
);

/** Somebody is linked, becomes a pilot, and is none any more. */
async function comeAndGo(world: LossyWorld): Promise<void> {
  const { store, clientId, discord } = world.rig;
  const person = world.newcomer();
  const { platformUserId, discordUserId } = person;
  // So that nothing that is kept for a client is taken from memory.
  await world.query('update client set updated_at = clock_timestamp()');
  const held = () => discord.member(guildId, discordUserId)?.roleIds;
  await insist(() => store.links.linkMember({ clientId, ...person, cause }));
  for (const change of ['added', 'removed'] as const) {
    const fact = membership(platformUserId, 'pilots', change);
    await insist(() => store.applyFacts([fact]));
    await allIsDone(world);
    expect(held()).toEqual(change === 'added' ? [roles.pilot] : []);
  }
}
