import { setTimeout as sleep } from 'node:timers/promises';

import { z } from 'zod';

import { DEMO } from '../../services/demo/demo-world.js';
import { patienceMs } from '../support/eventually.js';
import type { Disturbances } from './disturbances.js';
import type { Play } from './play.js';
import { botChanges } from './record-rules.js';
import type { Stage } from './stage.js';
import { PEOPLE, type Person } from './steps.js';

const { guildId, accounts } = DEMO;

const LiveGuild = z.object({
  state: z.enum(['CONNECTING', 'CATCHING_UP', 'LIVE', 'POLLING']),
  reason: z.string().nullable(),
  has_gap: z.boolean(),
  missed: z.number(),
});
export type LiveGuild = z.output<typeof LiveGuild>;

/** Null: the client was never live. */
export async function readLiveGuild({ query }: Stage): Promise<LiveGuild | null> {
  const [row] = await query(
    'select state, reason, gap_at is not null as has_gap, missed::int from live_guild',
  );
  return row === undefined ? null : LiveGuild.parse(row);
}

/** Whether every change on Discord must have been noticed by now. */
export async function hearsAll({ stage, live, troubles }: Play): Promise<boolean> {
  if (!live.isLive || troubles.ofGateway.hasMisled) return false;
  const guild = await readLiveGuild(stage);
  return guild?.state === 'LIVE' && !guild.has_gap;
}

/** Waits until every change on Discord must have been noticed, if that comes soon. */
export async function waitToHearAll(play: Play): Promise<boolean> {
  const untilMs = Date.now() + patienceMs() / 6;
  while (play.live.isLive && Date.now() < untilMs) {
    const guild = await readLiveGuild(play.stage);
    if (guild?.state === 'LIVE' || guild?.state === 'POLLING') break;
    // A list that closes a second gap within a minute comes late.
    if (guild?.state === 'CATCHING_UP' && !play.stage.isTruthful) break;
    await sleep(50);
  }
  return hearsAll(play);
}

/** Waits until the session of a live client is open. A list may still have to close its gap. */
export async function sessionIsOpen({ stage, live }: Play): Promise<readonly string[]> {
  if (!live.isLive) return [];
  const untilMs = Date.now() + patienceMs();
  for (;;) {
    const guild = await readLiveGuild(stage);
    if (guild?.state === 'LIVE' || guild?.state === 'CATCHING_UP') return [];
    if (Date.now() > untilMs)
      return [`no gateway session is open: the client is ${guild?.state} (${guild?.reason})`];
    await sleep(50);
  }
}

/** After a complete member list, no gap is open and the mirror shows each linked member as they are. */
export async function liveFaults(play: Play): Promise<readonly string[]> {
  if (!play.live.isLive) return [];
  const untilMs = Date.now() + patienceMs() / 6;
  for (;;) {
    const faults = [...gapFaults(await readLiveGuild(play.stage)), ...(await mirrorFaults(play))];
    if (faults.length === 0 || Date.now() > untilMs) return faults;
    await sleep(50);
  }
}

/** How many differences, which events should have shown, lists have found until now. */
export async function missedUntilNow({ stage }: Play): Promise<number> {
  return (await readLiveGuild(stage))?.missed ?? 0;
}

/** Nothing has changed at Discord since `missed` was read, so lists have found nothing since. */
export async function missedFaults(play: Play, missed: number): Promise<readonly string[]> {
  const more = (await missedUntilNow(play)) - missed;
  return play.live.isLive && more > 0 ? [`lists found ${more} changes that no event showed`] : [];
}

function gapFaults(guild: LiveGuild | null): readonly string[] {
  if (guild === null) return ['no state of the gateway session is stored'];
  return guild.state === 'LIVE' && !guild.has_gap
    ? []
    : [`the client is ${guild.state} (${guild.reason})${guild.has_gap ? ' with an open gap' : ''}`];
}

const Mirror = z.object({
  discord_user_id: z.string(),
  is_present: z.boolean(),
  role_ids: z.array(z.string()),
  nickname: z.string().nullable(),
  is_pending: z.boolean(),
  is_timed_out: z.boolean(),
});

const MIRROR = `
  select m.discord_user_id, m.is_present, m.role_ids, m.nickname, m.is_pending,
    coalesce(m.timed_out_until > clock_timestamp(), false) as is_timed_out
  from member m join link l using (client_id, discord_user_id)`;

async function mirrorFaults({ stage, hands }: Play): Promise<readonly string[]> {
  const rows = z.array(Mirror).parse(await stage.query(MIRROR));
  return rows.flatMap((row) => {
    const account = PEOPLE.find((person) => accounts[person] === row.discord_user_id);
    const member = stage.discord.member(guildId, row.discord_user_id);
    if (account === undefined || (member === undefined && !row.is_present)) return [];
    const isRight =
      member !== undefined &&
      row.is_present &&
      same(row.role_ids, member.roleIds) &&
      row.nickname === member.nick &&
      row.is_pending === member.pending &&
      row.is_timed_out === hands.isTimedOut(account);
    return isRight
      ? []
      : [
          `the mirror shows ${account} as ${JSON.stringify(row)}, but Discord as ${JSON.stringify(member)}`,
        ];
  });
}

const same = (a: readonly string[], b: readonly string[]) =>
  a.toSorted().join() === b.toSorted().join();

const HandChange = z.object({
  discord_user_id: z.string(),
  role_id: z.string(),
  is_given: z.boolean(),
  is_held: z.boolean(),
  is_disputed: z.boolean(),
  next_try_in_ms: z.number().nullable(),
});
type HandChange = z.output<typeof HandChange>;

const HAND_CHANGES = `
  select discord_user_id, role_id, is_given, is_held, disputed_since is not null as is_disputed,
    (extract(epoch from next_try_at - clock_timestamp()) * 1000)::float8 as next_try_in_ms
  from hand_change`;

/** Changes of others that the connector does not undo now. */
export interface UndoneByOthers {
  /** The connector may leave this role of this account as it is. */
  stays(discordUserId: string, roleId: string): boolean;
  isHeld(discordUserId: string): boolean;
  isDisputed(discordUserId: string): boolean;
  readonly rows: readonly HandChange[];
}

export async function readUndoneByOthers({ query }: Stage): Promise<UndoneByOthers> {
  const rows = z.array(HandChange).parse(await query(HAND_CHANGES));
  const stays = ({ is_held: isHeld, is_given: isGiven, is_disputed: isDisputed }: HandChange) =>
    (isHeld && !isGiven) || isDisputed;
  const of = (discordUserId: string) => rows.filter((row) => row.discord_user_id === discordUserId);
  return {
    rows,
    stays: (discordUserId, roleId) =>
      of(discordUserId).some((row) => row.role_id === roleId && stays(row)),
    isHeld: (discordUserId) => of(discordUserId).some((row) => row.is_held && !row.is_given),
    isDisputed: (discordUserId) => of(discordUserId).some((row) => row.is_disputed),
  };
}

const HOUR_MS = 3_600_000;
const SLACK_MS = 5_000;
/** The connector disputes a change after so many reversals. */
const REVERSALS = 3;

/** Each change that the connector leaves as it is was made by people, and is tried again in time. */
export function handFaults(
  { hands, live }: Play,
  { rows }: UndoneByOthers,
  disturbances: Disturbances,
): readonly string[] {
  return rows.flatMap((row) => {
    const account = PEOPLE.find((person) => accounts[person] === row.discord_user_id);
    if (account === undefined)
      return [`a hand change of an unknown account ${row.discord_user_id}`];
    const what = `${account} ${row.is_given ? 'given' : 'without'} role ${row.role_id}`;
    const isSure =
      hands.exists(row.role_id) &&
      !disturbances.isUnsure(account, row.role_id) &&
      !disturbances.wasShownBare(account);
    const times = hands.edits.filter(
      (edit) =>
        edit.account === account && edit.roleId === row.role_id && edit.isGiven === row.is_given,
    ).length;
    const { next_try_in_ms: nextMs } = row;
    const isKept = nextMs !== null && nextMs <= HOUR_MS + SLACK_MS;
    return [
      ...(row.is_held && !live.handRemovals.has('HOLD') ? [`${what} is held against RESTORE`] : []),
      ...(row.is_held && isSure && times === 0 ? [`${what} is held, but nobody did that`] : []),
      ...(row.is_disputed && isSure && times < REVERSALS
        ? [`${what} is disputed after ${times} changes by others`]
        : []),
      ...(row.is_disputed && !isKept ? [`${what} is disputed and tried in ${nextMs} ms`] : []),
    ];
  });
}

/** From the first reading of a run to its last call. */
const LONGEST_RUN_MS = 3_000;

/**
 * A role that a person removed by hand stays removed with HOLD, unless a newer fact or request
 * concerns it. Without a break, the session has shown each of them.
 */
export function heldFaults(play: Play, disturbances: Disturbances): readonly string[] {
  const { live, troubles, stage, hands, sweeping } = play;
  const { ofGateway } = troubles;
  const isQuiet = !ofGateway.hasMisled && ofGateway.breaks.length === 0;
  const isHeld = live.handRemovals.has('HOLD') && live.handRemovals.size === 1;
  if (!isQuiet || !isHeld || !live.wasAlwaysLive || troubles.spans().length > 0) return [];
  if (stage.wire.listings.loggedAt.length > 0) return [];
  const given = botChanges(play).filter(({ direction }) => direction === 'added');
  return given.flatMap(({ account, roleId, at }) => {
    const last = hands.edits.findLast(
      (edit) =>
        edit.account === account &&
        (edit.roleId === roleId || edit.roleId === null) &&
        edit.at < at - LONGEST_RUN_MS,
    );
    if (last === undefined || last.roleId === null || last.isGiven || last.isBot) return [];
    const since = last.at - LONGEST_RUN_MS;
    const isAsked = [...sweeping.unsaid, ...live.asked].some(
      (each) => (each.account === null || each.account === account) && each.at >= since,
    );
    return isAsked || disturbances.isUnsure(account, roleId) || disturbances.wasShownBare(account)
      ? []
      : [`${account} was given role ${roleId} ${at - last.at} ms after a person removed it`];
  });
}

/** Whether people changed the nickname so often that the connector leaves it alone. */
export function isLeftAlone({ hands }: Play, account: Person): boolean {
  return hands.renames.filter((rename) => rename.account === account).length >= REVERSALS;
}
