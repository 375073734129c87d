import { createMappedClient } from '../../test/builders/store-world.js';
import { openTestStore } from '../../test/support/store.js';
import type { BenchGuild } from './bench-guilds.js';
import { SERVICE_KEYS } from './service.js';
import { openSql } from './open-sql.js';

export interface StockedMember {
  readonly clientId: string;
  readonly guild: BenchGuild;
  readonly platformUserId: string;
  readonly discordUserId: string;
}

/** Group n is mapped to role n of every guild. */
export const mappedGroup = (index: number) => `mapped-${index}`;

/**
 * Fills an empty database: a client for each guild, its mappings, and a link for each member, whom
 * the mirror shows without a role, under their name at the sandbox Discord. The removal guard is
 * out of the way.
 */
export async function stockStore(
  databaseUrl: string,
  options: { readonly guilds: readonly BenchGuild[]; readonly apiBase: string },
): Promise<readonly StockedMember[]> {
  const store = await openTestStore(databaseUrl, { keys: SERVICE_KEYS });
  const members: StockedMember[] = [];
  for (const guild of options.guilds) {
    const { guildId, applicationId, botToken, clientSecret } = guild;
    const mappings = guild.roleIds.map((roleId, index) => ({
      groupId: mappedGroup(index),
      roleId,
    }));
    const { client } = await createMappedClient(store, mappings, {
      guildId,
      applicationId,
      botToken,
      clientSecret,
      removalGuard: { minimum: 1_000_000, percent: 100 },
      endpoints: endpointsOf(options.apiBase),
    });
    for (const discordUserId of guild.discordUserIds)
      members.push({
        clientId: client.id,
        guild,
        platformUserId: `user-${discordUserId}`,
        discordUserId,
      });
  }
  await store.stop();
  await linkMembers(databaseUrl, members);
  return members;
}

function endpointsOf(apiBase: string) {
  return {
    apiBase,
    authorizeUrl: `${apiBase}/authorize`,
    tokenUrl: `${apiBase}/token`,
    revokeUrl: `${apiBase}/revoke`,
  };
}

/** In bulk, as if each had been linked and reconciled once. */
async function linkMembers(databaseUrl: string, members: readonly StockedMember[]): Promise<void> {
  const client = await openSql(databaseUrl);
  const columns = [
    members.map((member) => member.clientId),
    members.map((member) => member.platformUserId),
    members.map((member) => member.discordUserId),
  ];
  const rows =
    'unnest($1::uuid[], $2::text[], $3::text[]) as m (client_id, platform_user_id, discord_user_id)';
  await client.query(
    'insert into platform_user (id) select unnest($1::text[]) on conflict do nothing',
    [columns[1]],
  );
  await client.query(
    `insert into link (id, client_id, platform_user_id, discord_user_id, status, linked_at)
     select gen_random_uuid(), client_id, platform_user_id, discord_user_id, 'ACTIVE', now() from ${rows}`,
    columns,
  );
  await client.query(
    `insert into member (client_id, discord_user_id, read_at, username, state, last_reconciled_at)
     select client_id, discord_user_id, now(), 'member-' || discord_user_id, 'IN_STEP', now() from ${rows}`,
    columns,
  );
  await client.query('analyze');
  await client.end();
}
