import { setTimeout as sleep } from 'node:timers/promises';

import { z } from 'zod';

import { DEMO } from '../../services/demo/demo-world.js';
import { patienceMs } from '../support/eventually.js';
import { disturbancesOf, type Disturbances } from './disturbances.js';
import {
  handFaults,
  hearsAll,
  isLeftAlone,
  readUndoneByOthers,
  waitToHearAll,
  type UndoneByOthers,
} from './live-rules.js';
import { isNamed } from './name-rules.js';
import type { Play } from './play.js';
import { PEOPLE, type Person } from './steps.js';
import { readWaiting, type Waiting } from './sweep-rules.js';
import { trueCause } from './true-causes.js';

/**
 * Checks every member soon after the last fault has ended, before the test repairs anything: each
 * is correct, held for a decision, or in a state whose cause is true and whose next try comes and
 * was never late. Faults that may pass are checked again until a deadline.
 */
export async function afterFaults(play: Play): Promise<readonly string[]> {
  await waitToHearAll(play);
  const from = Date.now();
  for (;;) {
    const faults = await standingFaults(play);
    if (faults.length === 0 || Date.now() > from + soonMs())
      return faults.map((fault) => `after the faults, ${fault}`);
    await sleep(100);
  }
}

/** Makes all parked members due, as after a day, and expects that each is tried. */
export async function triesAreKept(play: Play): Promise<readonly string[]> {
  const { query } = play.stage;
  const from = Date.now();
  await query(`update reconcile_job set due_at = clock_timestamp() where is_parked`);
  await query(
    `update member set nickname_refused_at = nickname_refused_at - interval '1 day' where nickname_refused_at is not null`,
  );
  await query(
    `update client set paused_until = clock_timestamp() where paused_until > clock_timestamp()`,
  );
  for (;;) {
    const [client] = z.array(Client).parse(await query(CLIENT));
    const rows = z.array(Standing).parse(await query(STANDING));
    const late = rows.filter(
      ({ is_parked: isParked, due_in_ms: dueMs }) => isParked !== null && (dueMs ?? 0) <= 0,
    );
    play.cures.push({ account: 'all', from, until: Date.now() });
    if (late.length === 0 || !(client !== undefined && isWorked(client))) return [];
    if (Date.now() > from + soonMs())
      return late.map((row) => `${nameOf(row)} was due but was not tried`);
    await sleep(100);
  }
}

/** Ten seconds, scaled with the load like every test deadline. */
const soonMs = () => patienceMs() / 6;
const DAY_MS = 86_400_000;
/** The database's clock is read slightly before the check. */
const SLACK_MS = 5_000;

const Standing = z.object({
  platform_user_id: z.string(),
  discord_user_id: z.string(),
  link_status: z.string(),
  state: z.enum(['IN_STEP', 'ABSENT', 'HELD', 'PARKED', 'PENDING', 'DISPUTED']).nullable(),
  reason: z.string().nullable(),
  is_parked: z.boolean().nullable(),
  due_in_ms: z.number().nullable(),
});
type Standing = z.output<typeof Standing>;

const STANDING = `
  select l.platform_user_id, l.discord_user_id, l.status as link_status, m.state, m.reason, j.is_parked,
    (extract(epoch from j.due_at - clock_timestamp()) * 1000)::float8 as due_in_ms
  from link l
    left join member m using (client_id, discord_user_id)
    left join reconcile_job j using (client_id, discord_user_id)`;

const Client = z.object({
  is_enabled: z.boolean(),
  is_stopped: z.boolean(),
  paused_for_ms: z.number().nullable(),
  trouble: z.string().nullable(),
  sending_for_ms: z.number().nullable(),
  sending_cause: z.string().nullable(),
});
type Client = z.output<typeof Client>;

const CLIENT = `
  select is_enabled, stopped_at is not null as is_stopped, trouble, sending_cause,
    (extract(epoch from sending_until - clock_timestamp()) * 1000)::float8 as sending_for_ms,
    (extract(epoch from paused_until - clock_timestamp()) * 1000)::float8 as paused_for_ms
  from client`;

async function standingFaults(play: Play): Promise<readonly string[]> {
  const { stage } = play;
  const rows = z.array(Standing).parse(await stage.query(STANDING));
  const [client] = z.array(Client).parse(await stage.query(CLIENT));
  if (client === undefined) return ['the client is gone'];
  const disturbances = disturbancesOf(play);
  const known: Known = {
    waiting: await readWaiting(stage),
    undone: await readUndoneByOthers(stage),
    disturbances,
    hearsAll: await hearsAll(play),
  };
  return [
    ...handFaults(play, known.undone, disturbances),
    ...(client.is_stopped || isPaused(client) ? troubleFaults(play, client.trouble) : []),
    ...(isSilent(client) ? await silenceFaults(play, client, rows) : []),
    ...(client.is_enabled ? [] : await unexplained(play, rows, 'the client is disabled')),
    ...rows.flatMap((row) =>
      row.is_parked === false ? pendingFaults(row, isWorked(client)) : restFaults(play, row, known),
    ),
  ];
}

const isPaused = (client: Client) => (client.paused_for_ms ?? 0) > 0;
/** Its bot, or this whole sender, is paused. */
const isSilent = (client: Client) => (client.sending_for_ms ?? 0) > 0;
const isWorked = (client: Client) =>
  client.is_enabled && !client.is_stopped && !isPaused(client) && !isSilent(client);

/** The reason of a stopped or paused client must be true too. */
function troubleFaults(play: Play, trouble: string | null): readonly string[] {
  return trouble !== null && trueCause(play, null, trouble)
    ? []
    : [`the client is stopped or paused for a false cause: ${trouble}`];
}

/**
 * Each member who waits for the pause shows its cause, unless the client is disabled, or stopped or
 * paused for another.
 */
async function silenceFaults(
  play: Play,
  client: Client,
  rows: readonly Standing[],
): Promise<readonly string[]> {
  const { sending_cause: cause } = client;
  if (client.is_stopped || isPaused(client)) return [];
  if (cause === null || !trueCause(play, null, cause))
    return [`the bot's sending pause has a false cause: ${cause}`];
  return client.is_enabled ? unexplained(play, rows, cause) : [];
}

/** Members who wait for this cause, but show another reason or none. */
async function unexplained(
  { stage }: Play,
  rows: readonly Standing[],
  cause: string,
): Promise<readonly string[]> {
  const waiting = rows.filter((row) => row.is_parked === false && row.link_status === 'ACTIVE');
  const page = { limit: 100, after: null };
  const { rows: shown } = await stage.store.read.pageLinks(stage.clientId, {}, page);
  return waiting.flatMap((row) => {
    const its = shown.find(({ platformUserId }) => platformUserId === row.platform_user_id);
    return its?.reason?.includes(cause) === true
      ? []
      : [`${nameOf(row)} waits because ${cause}, but its reason is ${its?.reason}`];
  });
}

/** No member waits when nothing prevents its work. */
function pendingFaults(row: Standing, isFree: boolean): readonly string[] {
  return isFree
    ? [`${nameOf(row)} still waits, due in ${Math.round(row.due_in_ms ?? 0)} ms (${row.reason})`]
    : [];
}

interface Known {
  readonly waiting: Waiting;
  readonly undone: UndoneByOthers;
  readonly disturbances: Disturbances;
  /** Edits by people are known from events. */
  readonly hearsAll: boolean;
}

function restFaults(play: Play, row: Standing, known: Known): readonly string[] {
  const account = accountOf(row);
  if (account === undefined) return [`an unknown account is linked: ${nameOf(row)}`];
  if (row.is_parked === true) return parkedFaults(play, row, account);
  if (row.link_status === 'ENDING')
    return known.waiting.hasAny(row.discord_user_id)
      ? []
      : [`the link of ${nameOf(row)} is ending, and nothing continues it`];
  return {
    IN_STEP: () =>
      account === play.stage.bot
        ? [`${account} is a bot's account but reported IN_STEP`]
        : [...wrongRoles(play, account, known), ...unnamed(play, account, row, known)],
    HELD: () =>
      known.waiting.isHeld(row.discord_user_id) || known.undone.isHeld(row.discord_user_id)
        ? []
        : [`${account} is HELD without a held removal`],
    // A complete list without the account proves that it has left, and a false list is believed
    // until the next.
    ABSENT: () =>
      play.hands.held(account) === undefined || isUnknown(known, account, ANY_ROLE)
        ? []
        : [`${account} is reported ABSENT but is in the guild`],
    PENDING: () => [`${account} waits without a next try (${row.reason})`],
    PARKED: () => [`${account} is parked without a next try (${row.reason})`],
    DISPUTED: () => [`${account} is disputed without a next try (${row.reason})`],
    NEVER: () => [`${account} was never read`],
  }[row.state ?? 'NEVER']();
}

/** No role has this id, so only disturbances of all roles match it. */
const ANY_ROLE = DEMO.guildId;

function parkedFaults(
  play: Play,
  { due_in_ms: dueMs, reason }: Standing,
  account: Person,
): readonly string[] {
  const isTriedAgain = dueMs !== null && dueMs <= DAY_MS + SLACK_MS;
  const isOverdue = dueMs !== null && dueMs < -SLACK_MS;
  return [
    ...(isTriedAgain && !isOverdue
      ? []
      : [`${account} is parked, and its next try is in ${dueMs} ms`]),
    ...(reason !== null && trueCause(play, account, reason)
      ? []
      : [`${account} is parked for a false cause: ${reason}`]),
  ];
}

/**
 * The connector cannot know the role, or for `ANY_ROLE` whether the account is in the guild. The
 * next sweep finds it.
 */
function isUnknown({ disturbances, hearsAll }: Known, account: Person, roleId: string): boolean {
  return hearsAll
    ? disturbances.isMisshown(account, roleId)
    : disturbances.touches(account, roleId);
}

function wrongRoles({ wishes, hands }: Play, account: Person, known: Known): readonly string[] {
  const { waiting, undone } = known;
  const held = hands.held(account);
  return wishes.roleIds().flatMap((roleId) => {
    const verdict = wishes.verdict(account, roleId);
    const holds = held?.includes(roleId) === true;
    const isWrong = (verdict === 'yes' && !holds) || (verdict === 'no' && holds);
    return isWrong &&
      !waiting.stays(DEMO.accounts[account], roleId) &&
      !undone.stays(DEMO.accounts[account], roleId) &&
      !isUnknown(known, account, roleId)
      ? [`${account} is IN_STEP but ${holds ? 'holds' : 'lacks'} role ${roleId}`]
      : [];
  });
}

/** When a nickname is not set, the reason explains it. */
function unnamed(
  play: Play,
  account: Person,
  { reason }: Standing,
  known: Known,
): readonly string[] {
  if (isUnknown(known, account, ANY_ROLE) || isNamed(play, account)) return [];
  const isRenamed = play.hands.renames.some((rename) => rename.account === account);
  if (isRenamed && (!known.hearsAll || isLeftAlone(play, account))) return [];
  const said = (reason ?? '')
    .split('; ')
    .find((part) => part.startsWith('the nickname is not set'));
  return said !== undefined && trueCause(play, account, said)
    ? []
    : [`${account} lacks the desired nickname (${reason})`];
}

function accountOf({ discord_user_id: id }: Standing): Person | undefined {
  return PEOPLE.find((person) => DEMO.accounts[person] === id);
}

function nameOf(row: Standing): string {
  return `${row.platform_user_id} (${accountOf(row) ?? row.discord_user_id})`;
}
