import { listCalls } from '../../services/model.js';
import { cause, mapGroup } from '../../test/builders/store-world.js';
import type { BenchWorld } from '../support/bench-world.js';
import { verdict, type Answer, type Row } from '../support/bench.js';
import { rounded } from '../support/quantiles.js';
import { startScaled, type ScaledConnector, type Watched } from '../support/scaled-connector.js';
import { scaledTime } from '../support/scaled-time.js';
import { settledGuild, type SettledGuild } from '../support/settled-guild.js';
import { mappedGroup } from '../support/stock-store.js';
import { runNaive } from './naive-run.js';
import { rowOf } from './rows.js';

/** Discord's real windows, because this compares calls and waits at its real limits. */
const TIME = scaledTime(1);
const NAIVE_TIME = scaledTime(0.1);
const AIM_CALLS = 12;
const AIM_SECONDS = 15;

/** Links many members at once who already hold their roles. */
export async function onboarding(world: BenchWorld): Promise<Answer> {
  const linked = world.isQuick ? 500 : 5_000;
  const members = world.isQuick ? 990 : 9_990;
  const settled = settledGuild({ members, roles: 2, groupsOf: () => [0] });
  const databaseUrl = await (await world.postgres()).createDatabase('crowd');
  const connector = await startScaled(databaseUrl, [settled], TIME);
  try {
    await clearMembers(connector);
    const imported = await settle(connector, () => importFirst(connector, settled, linked));
    await ageReadings(connector);
    const mapped = await settle(connector, () => mapAnotherGroup(connector, settled));
    const states = await statesOf(connector);
    const sample = linked / 10;
    const naive = await runNaive([settled], NAIVE_TIME, async ({ bots }) => {
      for (const id of settled.guild.discordUserIds.slice(0, sample))
        await bots[0]?.syncMember(id, { roleIds: settled.guild.roleIds.slice(0, 1) });
    });
    return {
      rows: [
        serviceRow(`import of ${linked} people already in step`, imported, members),
        rowOf(
          { what: `import, a sample of ${sample}`, time: NAIVE_TIME, limit: null },
          'naive bot',
          naive,
        ),
        serviceRow('a new mapping that changes no member', mapped, members),
      ],
      notes: [
        `Import: a guild of ${members} members; one importDiscordUsers links ${linked}. The limit is that of the list's calls.`,
        verdict(
          `import in at most ${AIM_CALLS} calls and ${AIM_SECONDS} s`,
          `${imported.calls.length} calls, ${secondsOf(imported)} s`,
          imported.calls.length <= AIM_CALLS && secondsOf(imported) <= AIM_SECONDS,
        ),
        verdict('every member in step', states, states === `IN_STEP ${linked}`),
      ],
    };
  } finally {
    await connector.stop();
  }
}

interface Settled extends Watched {
  /** Runs `work` and waits until the job table is empty. */
  readonly settledMs: number;
}

async function settle(connector: ScaledConnector, work: () => Promise<unknown>): Promise<Settled> {
  let startedAt = 0;
  const watched = await connector.watch(async () => {
    startedAt = performance.now();
    await work();
  });
  return { ...watched, settledMs: performance.now() - startedAt };
}

const secondsOf = ({ settledMs }: Settled) => rounded(settledMs / 1_000);

function serviceRow(what: string, measured: Settled, members: number): Row {
  const row = rowOf({ what, time: TIME, limit: null }, 'service', measured);
  return { ...row, seconds: secondsOf(measured), 'fewest calls': listCalls(members) };
}

/** Back to the state before the first import. */
async function clearMembers({ sql }: ScaledConnector): Promise<void> {
  for (const table of ['reconcile_job', 'link', 'member', 'guild_listing'])
    await sql.query(`delete from ${table}`);
}

async function importFirst(
  { store, clientId }: ScaledConnector,
  { guild }: SettledGuild,
  count: number,
): Promise<void> {
  const users = guild.discordUserIds.slice(0, count).map((discordUserId) => ({
    platformUserId: `user-${discordUserId}`,
    discordUserId,
  }));
  await store.links.importMembers({ clientId, users, dryRun: false, cause });
}

async function ageReadings({ sql }: ScaledConnector): Promise<void> {
  await sql.query("update member set roles_read_at = roles_read_at - interval '1 hour'");
  await sql.query("update sweep set started_at = started_at - interval '1 hour'");
}

/** Maps another group to the first role. Reconciles all holders; they keep the role. */
async function mapAnotherGroup(
  { store, clientId }: ScaledConnector,
  { guild }: SettledGuild,
): Promise<void> {
  const [roleId = ''] = guild.roleIds;
  await mapGroup(store.mappings, { clientId, groupId: mappedGroup(1), roleId });
}

/** `IN_STEP 5000`. */
async function statesOf({ sql }: ScaledConnector): Promise<string> {
  const { rows } = await sql.query<{ state: string; members: string }>(
    `select m.state, count(*) as members from member m join link l using (client_id, discord_user_id)
     group by m.state order by m.state`,
  );
  return rows.map(({ state, members }) => `${state} ${members}`).join(', ');
}
