import { cause, nextOrder } from '../../test/builders/store-world.js';
import type { BenchWorld } from '../support/bench-world.js';
import type { Answer } from '../support/bench.js';
import { startScaled, type Watched } from '../support/scaled-connector.js';
import { scaledTime } from '../support/scaled-time.js';
import { settledGuild, type SettledGuild } from '../support/settled-guild.js';
import { limitSeconds } from './limits.js';
import { runNaive } from './naive-run.js';
import { linkNobody, nicknameOf, NICKNAMES, stripMembers } from './newcomers.js';
import { compare } from './rows.js';

const TIME = scaledTime(0.1);

/** People linked by one import, each of whom lacks a role and a nickname. */
export async function imported(world: BenchWorld): Promise<Answer> {
  const people = 60;
  const settled = settledGuild({ members: people + 1, roles: 1, groupsOf: () => [0] });
  const service = await byService(world, settled);
  const naive = await runNaive([settled], TIME, async ({ discord, bots }) => {
    stripMembers(discord, settled);
    for (const id of newcomers(settled))
      await bots[0]?.syncMember(id, { roleIds: settled.guild.roleIds, nickname: nicknameOf(id) });
  });
  // One edit writes both the role and the nickname.
  const limit = limitSeconds(people, ['memberPatch']);
  const what = `${people} imported, a role and a nickname each`;
  return compare({ what, time: TIME, limit }, service, naive);
}

async function byService(world: BenchWorld, settled: SettledGuild): Promise<Watched> {
  const databaseUrl = await (await world.postgres()).createDatabase('crowd_imported');
  const connector = await startScaled(databaseUrl, [settled], TIME, NICKNAMES);
  const { store, clientId, discord } = connector;
  try {
    await linkNobody(connector);
    stripMembers(discord, settled);
    await store.applyFacts(
      newcomers(settled).map((id) => ({
        kind: 'userChanged',
        platformUserId: `user-${id}`,
        username: id,
        order: nextOrder(),
        cause,
      })),
    );
    const users = newcomers(settled).map((discordUserId) => ({
      platformUserId: `user-${discordUserId}`,
      discordUserId,
    }));
    const watched = await connector.watch(async () =>
      store.links.importMembers({ clientId, users, dryRun: false, cause }),
    );
    const wrong = newcomers(settled).filter((id) => {
      const member = discord.member(settled.guild.guildId, id);
      return member?.nick !== nicknameOf(id) || member.roleIds.length !== 1;
    });
    if (wrong.length > 0) throw new Error(`${wrong.length} of those imported are out of step`);
    return watched;
  } finally {
    await connector.stop();
  }
}

/** Without the owner of the guild, whom no bot can rename. */
const newcomers = ({ guild }: SettledGuild) => guild.discordUserIds.slice(1);
