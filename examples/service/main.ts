import { ConnectorError, createConnector, type Connector } from 'discord-connector-client';

/**
 * A service of the platform that links a person, maps one of its groups to a role, adds the person
 * to the group, and reads the result.
 */
const { CONNECTOR_URL = 'http://127.0.0.1:4000', CONNECTOR_KEY = '' } = process.env;
const [platformUserId, discordUserId, groupId, roleName] = process.argv.slice(2);

const say = (line: string) => void process.stdout.write(`${line}\n`);

const connector = createConnector({
  endpoint: new URL('/graphql', CONNECTOR_URL).href,
  token: CONNECTOR_KEY,
});

if (!platformUserId || !discordUserId || !groupId || !roleName) {
  process.stderr.write('usage: PLATFORM_USER DISCORD_USER GROUP ROLE\n');
  process.exitCode = 2;
} else
  await main(connector, {
    platformUserId,
    discordUserId,
    groupId,
    roleName,
  }).catch((error: unknown) => {
    if (!(error instanceof ConnectorError)) throw error;
    const { code, message, field = '-', requestId = '-' } = error;
    process.stderr.write(`${code}: ${message} (field ${field}, request ${requestId})\n`);
    process.exitCode = 1;
  });

interface Wish {
  readonly platformUserId: string;
  readonly discordUserId: string;
  readonly groupId: string;
  readonly roleName: string;
}

async function main(connector: Connector, wish: Wish): Promise<void> {
  const { platformUserId, discordUserId, groupId, roleName } = wish;
  const [client] = await connector.discordClients();
  if (!client) throw new Error('the connector has no client yet');
  say(`client ${client.name}`);

  const { discordUser, warnings } = await connector.linkDiscordUser({
    clientId: client.id,
    platformUserId,
    discordUserId,
  });
  for (const warning of warnings) say(`warning: ${warning}`);
  say(`linked ${platformUserId}: ${discordUser.id}`);

  await connector.upsertPlatformGroups({
    groups: [{ id: groupId, name: groupId }],
  });
  const roleId = await roleOf(connector, client.id, roleName);
  await mapOnce(connector, { clientId: client.id, groupId, roleId });
  say(`mapped ${groupId}: ${roleName}`);

  const { results } = await connector.recordMembershipChanges({
    changes: [{ platformUserId, groupId, change: 'ADDED' }],
  });
  for (const { error } of results)
    if (error) throw new Error(`the fact was not taken: ${error.message}`);

  // Optional: without it the role arrives slightly later. It waits up to five seconds for the
  // result, so that the state can be printed.
  await connector.reconcileDiscordUser({ id: discordUser.id });
  const now = await connector.discordUser({ id: discordUser.id });
  say(`state ${now?.state ?? 'gone'}`);
  for (const { name } of now?.roles ?? []) say(`role ${name ?? 'nameless'}`);
}

async function roleOf(connector: Connector, clientId: string, roleName: string): Promise<string> {
  const client = await connector.discordClient({ id: clientId });
  const role = client?.roles.find(({ name }) => name === roleName);
  if (!role) throw new Error(`the guild has no role ${roleName}`);
  return role.id;
}

/** Leaves an existing mapping unchanged, so the service can be started again. */
async function mapOnce(
  connector: Connector,
  wish: {
    readonly clientId: string;
    readonly groupId: string;
    readonly roleId: string;
  },
): Promise<void> {
  try {
    await connector.createRoleMapping(wish);
  } catch (error) {
    if (!(error instanceof ConnectorError) || error.code !== 'CONFLICT') throw error;
  }
}
