import pg from 'pg';
import type { SandboxLimit } from 'sandbox-discord';

import { LANES } from '../../../services/model.js';
import { DEMO } from '../../../services/demo/demo-world.js';
import { cause, snapshotOf } from '../../builders/store-world.js';
import type { Rig } from '../../support/rig.js';

export interface Person {
  readonly platformUserId: string;
  readonly discordUserId: string;
}

export const people = (count: number): readonly Person[] =>
  Array.from({ length: count }, (_, index) => ({
    platformUserId: `person-${index}`,
    discordUserId: String(500_000_000_000_000_100n + BigInt(index)),
  }));

/** Rig options that limit member writes only, each way of writing by `bucket`. */
export const limitingWrites = (bucket: SandboxLimit) => ({
  discord: {
    limits: {
      memberRoles: bucket,
      memberPatch: bucket,
      global: null,
      memberGet: null,
      others: null,
    },
  },
});

/** Puts them into the demo's guild, known to be in no group, and links them. */
export async function bringCrowd(rig: Rig, crowd: readonly Person[]): Promise<void> {
  const { guildId } = DEMO;
  const { discord, store, clientId } = rig;
  await store.applyFacts(crowd.map(({ platformUserId }) => snapshotOf(platformUserId, [])));
  for (const { platformUserId, discordUserId } of crowd) {
    discord.moderator.addUser({ discordUserId, username: platformUserId });
    discord.moderator.join({ guildId, discordUserId });
    const link = { clientId, platformUserId, discordUserId, cause };
    await store.links.linkMember(link);
  }
  await rig.quiet();
  discord.calls.reset();
}

/** Of everyone linked, as a sweep marks them that sends to look anew. */
export async function markForSweep(databaseUrl: string): Promise<void> {
  const direct = new pg.Client({ connectionString: databaseUrl });
  await direct.connect();
  await direct.query(
    `insert into reconcile_job (client_id, discord_user_id, lane, due_at, causes)
     select client_id, discord_user_id, $1, now(), $2::jsonb from link
     where platform_user_id like 'person-%'`,
    [LANES.sweep, JSON.stringify([{ ...cause, looksAnew: true }])],
  );
  await direct.end();
}

export const holdersOf = ({ discord }: Rig, roleId: string): number =>
  discord.guild(DEMO.guildId).members.filter((member) => member.roleIds.includes(roleId)).length;
