import { cause } from '../../test/builders/store-world.js';
import type { BenchWorld } from '../support/bench-world.js';
import type { Answer } from '../support/bench.js';
import { startScaled, type Watched } from '../support/scaled-connector.js';
import { scaledTime } from '../support/scaled-time.js';
import { settledGuild, type SettledGuild } from '../support/settled-guild.js';
import { limitSeconds } from './limits.js';
import { runNaive } from './naive-run.js';
import { emptyGuild, linkNobody } from './newcomers.js';
import { compare } from './rows.js';

const TIME = scaledTime(0.1);
const SCOPES = ['identify', 'guilds.join'];

/** People who signed in at the same time, are added to the guild and get a role. */
export async function joins(world: BenchWorld): Promise<Answer> {
  const people = world.isQuick ? 50 : 200;
  const settled = settledGuild({ members: people + 1, roles: 1, groupsOf: () => [0] });
  const { guild } = settled;
  const service = await byService(world, settled);
  const naive = await runNaive([settled], TIME, async ({ discord, bots }) => {
    emptyGuild(discord, settled);
    const { applicationId, roleIds } = guild;
    const join = async (discordUserId: string) => {
      const { accessToken } = discord.oauth.grant({ applicationId, discordUserId, scopes: SCOPES });
      await bots[0]?.join(discordUserId, accessToken, roleIds);
    };
    await Promise.all(newcomers(settled).map(join));
  });
  const limit = limitSeconds(people, ['memberJoin']);
  return compare({ what: `${people} joins with a role`, time: TIME, limit }, service, naive);
}

async function byService(world: BenchWorld, settled: SettledGuild): Promise<Watched> {
  const databaseUrl = await (await world.postgres()).createDatabase('crowd_joins');
  const connector = await startScaled(databaseUrl, [settled], TIME);
  const { store, clientId, discord } = connector;
  const { applicationId, guildId } = settled.guild;
  const keepGrant = async (discordUserId: string) => {
    const tokens = discord.oauth.grant({ applicationId, discordUserId, scopes: SCOPES });
    const grant = { ...tokens, scopes: SCOPES, expiresAt: new Date(Date.now() + 604_800_000) };
    return store.signIn.grants.keepGrant(clientId, grant, '');
  };
  const link = async (discordUserId: string, grantId: string) =>
    store.signIn.links.linkSignedIn({
      clientId,
      platformUserId: `user-${discordUserId}`,
      grantId,
      account: { discordUserId, username: discordUserId, displayName: null },
      cause,
    });
  try {
    await linkNobody(connector);
    emptyGuild(discord, settled);
    const grants = new Map<string, string>();
    for (const id of newcomers(settled)) grants.set(id, await keepGrant(id));
    // Sequential, because concurrent inserts would make the joins wait for database connections.
    const watched = await connector.watch(async () => {
      for (const [id, grantId] of grants) await link(id, grantId);
    });
    const missing = newcomers(settled).filter(
      (id) => discord.member(guildId, id)?.roleIds.length !== 1,
    );
    if (missing.length > 0) throw new Error(`${missing.length} did not join with their role`);
    return watched;
  } finally {
    await connector.stop();
  }
}

/** Without the owner of the guild. */
const newcomers = ({ guild }: SettledGuild) => guild.discordUserIds.slice(1);
