import { DEFAULT_LIMITS, scaleLimits } from 'sandbox-discord';
import { expect, test, describe } from 'vitest';

import { DEMO } from '../../services/demo/demo-world.js';
import { cause, membership } from '../builders/store-world.js';
import { usePath } from '../support/path-fixture.js';

const { guildId, roles } = DEMO;
const PEOPLE = Array.from({ length: 25 }, (_, index) => ({
  platformUserId: `person-${index}`,
  discordUserId: String(500000000000000100n + BigInt(index)),
}));

describe('under Discord’s rate limits, sped up ten times,', () => {
  const path = usePath({
    discord: { limits: scaleLimits(DEFAULT_LIMITS, 0.1) },
  });

  async function linkEveryone(): Promise<void> {
    const { discord, store, clientId, quiet } = path.rig();
    for (const { platformUserId, discordUserId } of PEOPLE) {
      discord.moderator.addUser({ discordUserId, username: platformUserId });
      discord.moderator.join({ guildId, discordUserId });
      await store.links.linkMember({
        clientId,
        platformUserId,
        discordUserId,
        cause,
      });
    }
    await quiet();
    discord.calls.reset();
  }

  test('25 grants cost 25 writes, PUT or PATCH, and at most one 429', async () => {
    await linkEveryone();
    const { discord, store, quiet } = path.rig();

    await store.applyFacts(
      PEOPLE.map(({ platformUserId }) => membership(platformUserId, 'pilots')),
    );
    await quiet();

    const holders = discord
      .guild(guildId)
      .members.filter((member) => member.roleIds.includes(roles.pilot));
    expect(holders).toHaveLength(PEOPLE.length);
    expect(
      discord.calls.count({ method: 'PUT', status: 204 }) +
        discord.calls.count({ method: 'PATCH', status: 200 }),
    ).toBe(PEOPLE.length);
    expect(discord.calls.count({ status: 429 })).toBeLessThanOrEqual(1);
  });
});
