import type { SandboxWorld } from 'sandbox-discord';

import { benchGuilds, sandboxWorldOf, type BenchGuild } from './bench-guilds.js';
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

interface Options {
  readonly members: number;
  readonly roles: number;
  readonly groupsOf: SettledGuild['groupsOf'];
}

export function settledGuild(options: Options): SettledGuild {
  const [settled] = settledGuilds({ ...options, guilds: 1 });
  if (settled === undefined) throw new Error('there is no guild');
  return settled;
}

/** Guilds of the same size. */
export function settledGuilds(
  options: Options & { readonly guilds: number; readonly shareBot?: boolean },
): readonly SettledGuild[] {
  const { guilds, shareBot = false, members, roles, groupsOf } = options;
  const size = { guilds, shareBot, rolesEach: roles, membersEach: members };
  return benchGuilds(size).map((guild) => ({ guild, groupsOf }));
}

export function rolesOf({ guild, groupsOf }: SettledGuild, place: number): readonly string[] {
  return groupsOf(place).map((group) => guild.roleIds[group] ?? '');
}

/** The guilds as the sandbox Discord contains them. */
export function settledWorld(settled: readonly SettledGuild[]): SandboxWorld {
  const world = sandboxWorldOf(settled.map(({ guild }) => guild));
  const rolesById = new Map(
    settled.flatMap((one) =>
      one.guild.discordUserIds.map((id, place) => [id, rolesOf(one, place)] as const),
    ),
  );
  return {
    ...world,
    guilds: world.guilds.map((guild) => ({
      ...guild,
      members: (guild.members ?? []).map((member) => ({
        ...member,
        roleIds: rolesById.get(member.discordUserId) ?? member.roleIds,
      })),
    })),
  };
}

/**
 * Writes the guilds as the connector stores them after months: on a filled store, with all groups
 * known from old snapshots, and without records of the roles.
 */
export async function settleStore(
  databaseUrl: string,
  settled: readonly SettledGuild[],
): Promise<void> {
  const members = settled.flatMap((one) =>
    one.guild.discordUserIds.map((id, place) => ({
      id,
      groups: one.groupsOf(place),
      roles: rolesOf(one, place).join(','),
    })),
  );
  const rows = members.flatMap(({ id, groups }) =>
    groups.map((group) => [`user-${id}`, mappedGroup(group)]),
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
    [members.map(({ id }) => id), members.map(({ roles }) => roles)],
  );
  await sql.query('delete from reconcile_job');
  await sql.query('vacuum analyze');
  await sql.end();
}
