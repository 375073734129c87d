import { DEFAULT_LIMITS, scaleLimits } from 'sandbox-discord';
import { describe, expect, test } from 'vitest';

import { DEMO } from '../../services/demo/demo-world.js';
import { cause, membership, nextOrder, snapshotOf } from '../builders/store-world.js';
import { decide, theHeldSweep } from '../support/crowd-fixture.js';
import { eventually } from '../support/eventually.js';
import { useSweeps } from '../support/sweep-fixture.js';
import { people, type Person } from './writes/crowd.js';

const { guildId, roles } = DEMO;
const GROUPS = ['pilots', 'directors', 'recruits'] as const;
const GUEST = '300000000000000002';
const ROLES = [roles.pilot, roles.director, roles.recruit];

/** Half of Discord's windows: short enough to wait for, too long for a busy machine to miss. */
const sweeps = useSweeps({
  discord: { limits: scaleLimits(DEFAULT_LIMITS, 0.5) },
});

interface Crowd {
  readonly size: number;
  /** For each person. */
  readonly groups: number;
  readonly isNamed: boolean;
}

const CROWDS: readonly Crowd[] = [
  { size: 1, groups: 1, isNamed: false },
  { size: 30, groups: 1, isNamed: false },
  { size: 15, groups: 2, isNamed: true },
  { size: 20, groups: 3, isNamed: false },
];

/**
 * Puts each person into `groups` groups and gives them the roles. The last reading is too old to
 * confirm a member list.
 */
async function populate({ size, groups, isNamed }: Crowd) {
  const { store, clientId, quiet, discord } = sweeps.rig();
  const crowd = people(size);
  await store.clients.updateClient(
    clientId,
    {
      removalGuard: { minimum: 1_000, percent: 100 },
      nicknamePolicy: {
        strategy: 'TEMPLATE',
        template: 'P %username',
        onUnlink: isNamed ? 'RESET' : 'KEEP',
      },
    },
    cause,
  );
  for (const { platformUserId, discordUserId } of crowd) {
    discord.moderator.addUser({ discordUserId, username: platformUserId });
    discord.moderator.join({ guildId, discordUserId });
    discord.moderator.setNick({
      guildId,
      discordUserId,
      nick: `P ${platformUserId}`,
    });
    for (const roleId of ROLES.slice(0, groups))
      discord.moderator.giveRole({ guildId, discordUserId, roleId });
  }
  await store.applyFacts(
    crowd.flatMap(({ platformUserId }) => [
      snapshotOf(platformUserId, GROUPS.slice(0, groups)),
      named(platformUserId),
    ]),
  );
  for (const { platformUserId, discordUserId } of crowd)
    await store.links.linkMember({
      clientId,
      platformUserId,
      discordUserId,
      cause,
    });
  await quiet();
  await sweeps.query(
    `update member set nickname_set_hash = encode(sha256(convert_to(nickname, 'UTF8')), 'hex')`,
  );
  await makeMirrorsOld();
  discord.calls.reset();
  return crowd;
}

const makeMirrorsOld = async () =>
  sweeps.query("update member set roles_read_at = roles_read_at - interval '1 hour'");

const named = (platformUserId: string) =>
  ({
    kind: 'userChanged',
    platformUserId,
    username: platformUserId,
    order: nextOrder(),
    cause,
  }) as const;

function callsMade(): number {
  const counts = Object.entries(sweeps.calls());
  return counts.reduce((sum, [, count]) => sum + count, 0);
}

function expectWithinTenth(forecast: number, made: number): void {
  const isWithin = Math.abs(forecast - made) <= Math.ceil(made / 10);
  expect({ forecast, made, isWithin }).toEqual({
    forecast,
    made,
    isWithin: true,
  });
}

const holdersOf = (crowd: readonly Person[], roleId: string) =>
  crowd.filter(({ discordUserId }) =>
    sweeps.rig().discord.member(guildId, discordUserId)?.roleIds.includes(roleId),
  );

describe('the forecast is within a tenth of the actual calls', () => {
  test.each(CROWDS)(
    'when a client is deleted: $size people with $groups roles, nickname reset: $isNamed',
    async (given) => {
      await populate(given);
      const { store, clientId, quiet } = sweeps.rig();
      const request = { id: clientId, holders: 'TAKE_BACK', cause } as const;

      const forecast = await store.clients.deleteClient({
        ...request,
        dryRun: true,
      });
      await store.clients.deleteClient({ ...request, dryRun: false });
      await quiet();

      expectWithinTenth(forecast.calls, callsMade());
    },
  );

  test.each(CROWDS)(
    'when a mapping is retired: $size people with $groups roles, nickname reset: $isNamed',
    async (given) => {
      const crowd = await populate(given);
      const { store, clientId, quiet } = sweeps.rig();
      const [views] = await store.read.mappingsOfClients([clientId]);
      const id = views?.find(({ groupId }) => groupId === 'pilots')?.id ?? '';
      const request = { id, holders: 'TAKE_BACK', cause } as const;

      const { effect } = await store.mappings.retireMapping({
        ...request,
        dryRun: true,
      });
      await store.mappings.retireMapping({ ...request, dryRun: false });
      await quiet();

      expect(holdersOf(crowd, roles.pilot)).toEqual([]);
      expectWithinTenth(effect.calls, callsMade());
    },
  );

  test.each(CROWDS)(
    'when a mapping is created: $size people with $groups roles, nickname reset: $isNamed',
    async (given) => {
      const crowd = await populate(given);
      const { store, clientId, quiet, discord } = sweeps.rig();
      await store.applyFacts(
        crowd.map(({ platformUserId }) => membership(platformUserId, 'guests')),
      );
      await quiet();
      discord.calls.reset();
      const request = {
        clientId,
        groupId: 'guests',
        roleId: GUEST,
        authority: null,
        cause,
      };

      const { effect } = await store.mappings.createMapping({
        ...request,
        dryRun: true,
      });
      await store.mappings.createMapping({ ...request, dryRun: false });
      await quiet();

      expect(holdersOf(crowd, GUEST)).toHaveLength(crowd.length);
      expectWithinTenth(effect.calls, callsMade());
    },
  );

  test.each(CROWDS)(
    'for a sweep, from its dry run: $size people with $groups roles, nickname reset: $isNamed',
    async (given) => {
      const crowd = await populate(given);
      const { discord } = sweeps.rig();
      for (const { discordUserId } of crowd)
        for (const roleId of ROLES.slice(0, given.groups))
          discord.moderator.takeRole({ guildId, discordUserId, roleId });

      const { plan } = await sweeps.sweep('REMOTE_SYNC', { dryRun: true });
      await sweeps.sweep('REMOTE_SYNC');

      expect(holdersOf(crowd, roles.pilot)).toHaveLength(crowd.length);
      expectWithinTenth(plan?.calls ?? 0, callsMade());
    },
  );

  test.each(CROWDS)(
    'for a held plan: $size people with $groups roles, nickname reset: $isNamed',
    async (given) => {
      const crowd = await populate(given);
      const { store, clientId, discord, quiet } = sweeps.rig();
      await store.clients.updateClient(
        clientId,
        { removalGuard: { minimum: 0, percent: 0 } },
        cause,
      );
      await store.applyFacts(crowd.map(({ platformUserId }) => snapshotOf(platformUserId, [])));
      await quiet();
      await makeMirrorsOld();
      const sweep = await theHeldSweep(sweeps.rig());
      discord.calls.reset();

      await decide(sweeps.rig(), 'APPROVED', sweep);
      await eventually(() => holdersOf(crowd, roles.pilot).length === 0);
      await quiet();

      expectWithinTenth(sweep.plan.calls, callsMade());
    },
  );
});
