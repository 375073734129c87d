import { expect, test } from 'vitest';

import { DEMO } from '../../../services/demo/demo-world.js';
import { cause, nextOrder, snapshotOf } from '../../builders/store-world.js';
import { eventually } from '../../support/eventually.js';
import { LIST, READ, useSweeps } from '../../support/sweep-fixture.js';

const { guildId, roles } = DEMO;
const CROWD = Array.from({ length: 60 }, (_, index) => ({
  platformUserId: `person-${index}`,
  discordUserId: String(530_000_000_000_000_000n + BigInt(index)),
}));

/** Discord's limits, five times as fast. */
const sweeps = useSweeps({
  discord: {
    limits: {
      memberGet: { limit: 5, windowMs: 1_000, window: 'sliding' },
      memberRoles: { limit: 10, windowMs: 2_000, window: 'fixed' },
      memberPatch: { limit: 10, windowMs: 2_000, window: 'sliding' },
      global: null,
      others: null,
    },
  },
});

test('importing 60 people with a role and a nickname takes one member list, one nickname write per person and no single read', async () => {
  const { store, clientId, discord } = sweeps.rig();
  await store.clients.updateClient(
    clientId,
    { nicknamePolicy: { strategy: 'TEMPLATE', template: 'P %username', onUnlink: 'KEEP' } },
    cause,
  );
  for (const { platformUserId, discordUserId } of CROWD) {
    discord.moderator.addUser({ discordUserId, username: platformUserId });
    discord.moderator.join({ guildId, discordUserId });
  }
  await store.applyFacts(
    CROWD.flatMap(({ platformUserId }) => [
      snapshotOf(platformUserId, ['pilots']),
      {
        kind: 'userChanged' as const,
        platformUserId,
        username: platformUserId,
        order: nextOrder(),
        cause,
      },
    ]),
  );
  discord.calls.reset();

  await store.links.importMembers({ clientId, users: CROWD, dryRun: false, cause });
  const isRight = ({ platformUserId, discordUserId }: (typeof CROWD)[number]) => {
    const member = discord.member(guildId, discordUserId);
    return member?.roleIds.includes(roles.pilot) && member.nick === `P ${platformUserId}`;
  };
  await eventually(() => CROWD.every(isRight), { what: 'all sixty are right' });
  await sweeps.rig().quiet();

  expect(sweeps.calls()[LIST]).toBe(1);
  expect(sweeps.calls()[READ] ?? 0).toBe(0);
  expect(discord.calls.count({ method: 'PATCH', status: 200 })).toBe(CROWD.length);
  expect(discord.calls.count({ status: 429 })).toBe(0);
});
