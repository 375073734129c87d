import type { SandboxWorld } from 'sandbox-discord';

import { benchGuilds, numbers, sandboxWorldOf, type BenchGuild } from './bench-guilds.js';
import { openSql } from './open-sql.js';
import { mappedGroup } from './stock-store.js';

/**
 * A guild with groups mapped to its roles one by one, in which every member holds the roles of
 * their groups.
 */
export interface SettledGuild {
  readonly guild: BenchGuild;
  /** The indexes of a member's groups, which are also those of their roles. */
  readonly groupsOf: (place: number) => readonly number[];
}

export function settledGuild(options: {
  readonly members: number;
  readonly roles: number;
  readonly groupsOf: SettledGuild['groupsOf'];
}): SettledGuild {
  const [guild] = benchGuilds({
    guilds: 1,
    rolesEach: options.roles,
    membersEach: options.members,
  });
  if (guild === undefined) throw new Error('there is no guild');
  return { guild, groupsOf: options.groupsOf };
}

export function rolesOf({ guild, groupsOf }: SettledGuild, place: number): readonly string[] {
  return groupsOf(place).map((group) => guild.roleIds[group] ?? '');
}

/** The guild as the sandbox Discord contains it. */
export function settledWorld(settled: SettledGuild): SandboxWorld {
  const world = sandboxWorldOf([settled.guild]);
  const places = new Map(settled.guild.discordUserIds.map((id, place) => [id, place]));
  return {
    ...world,
    guilds: world.guilds.map((guild) => ({
      ...guild,
      members: (guild.members ?? []).map((member) => {
        const place = places.get(member.discordUserId);
        return place === undefined ? member : { ...member, roleIds: rolesOf(settled, place) };
      }),
    })),
  };
}

/**
 * Writes the guild as the connector stores it after months: on a filled store, with all groups
 * known from old snapshots, and without records of the roles.
 */
export async function settleStore(databaseUrl: string, settled: SettledGuild): Promise<void> {
  const { discordUserIds } = settled.guild;
  const places = numbers(discordUserIds.length);
  const rows = places.flatMap((place) =>
    settled.groupsOf(place).map((group) => [`user-${discordUserIds[place]}`, mappedGroup(group)]),
  );
  const sql = await openSql(databaseUrl);
  await sql.query('update platform_user set snapshot_time_us = 1 where snapshot_time_us is null');
  await sql.query(
    `insert into membership (platform_user_id, group_id, is_held, time_us, is_snapshot)
     select u, g, true, 1, true from unnest($1::text[], $2::text[]) as r (u, g)`,
    [rows.map(([user]) => user), rows.map(([, group]) => group)],
  );
  await sql.query(
    `update member m set role_ids = string_to_array(r.roles, ',')
     from unnest($1::text[], $2::text[]) as r (id, roles) where m.discord_user_id = r.id`,
    [discordUserIds, places.map((place) => rolesOf(settled, place).join(','))],
  );
  await sql.query('delete from reconcile_job');
  await sql.query('vacuum analyze');
  await sql.end();
}
