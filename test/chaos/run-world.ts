import { setTimeout as sleep } from 'node:timers/promises';

import { z } from 'zod';

import { InputError } from '../../services/lib/errors.js';
import type { SweepKind } from '../../services/model.js';
import { DEMO } from '../../services/demo/demo-world.js';
import { cause } from '../builders/store-world.js';
import { patienceMs } from '../support/eventually.js';
import { afterFaults, triesAreKept } from './after-rules.js';
import { disturbancesOf } from './disturbances.js';
import { foreignFaults } from './foreign-rules.js';
import {
  heldFaults,
  hearsAll,
  liveFaults,
  missedFaults,
  missedUntilNow,
  readUndoneByOthers,
  sessionIsOpen,
  type UndoneByOthers,
} from './live-rules.js';
import { nameFaults } from './name-rules.js';
import { Play, refusable } from './play.js';
import { endSilence } from './remedies.js';
import { botChanges, recordFaults } from './record-rules.js';
import { LENIENT, openStage, type Ground, type Stage } from './stage.js';
import { PEOPLE, type Person, type World } from './steps.js';
import { serviceFaults } from './service/rules.js';
import { removalFaults } from './removal-rules.js';
import { botFaults, screeningFaults } from './screening-rules.js';
import { readParked, readWaiting, sweepCures, sweepFaults, type Waiting } from './sweep-rules.js';
import { wireFaults } from './wire-rules.js';

const { guildId, accounts } = DEMO;

/**
 * Plays a world on real parts, compares its final state and everything observed meanwhile with the
 * model, and returns the differences.
 */
export async function runWorld(
  ground: Ground,
  world: World,
  /** Called with the time from the last outage until all work was done. */
  onRest: (afterMs: number) => void = () => undefined,
): Promise<readonly string[]> {
  const stage = await openStage(ground, world);
  const { deaths } = stage.crew;
  try {
    const faults = await playOn(stage, world, onRest);
    return [...deaths, ...faults];
  } catch (error) {
    // A dead process explains the call that failed, which alone would hide the crash.
    if (deaths.length === 0) throw error;
    return [...deaths, String(error)];
  } finally {
    await stage.stop();
  }
}

async function playOn(
  stage: Stage,
  world: World,
  onRest: (afterMs: number) => void,
): Promise<readonly string[]> {
  const play = new Play(stage, world);
  await play.begin();
  const unopened = await sessionIsOpen(play);
  if (unopened.length > 0) return unopened;
  for (const step of world.steps) await play.take(step);
  const restless = await comeToRest(play);
  if (restless.length > 0) return [...restless, ...(await wireFaultsOf(play))];
  onRest(Date.now() - play.troubles.outageUntil);
  const unheard = await liveFaults(play);
  const missed = await missedUntilNow(play);
  const swept = await endFaults(play, await readParked(stage));
  const unread = [...(await readEveryone(stage)), ...(await quiet(stage))];
  const first = holdings(stage);
  const disturbances = disturbancesOf(play);
  const faults = [
    ...unheard.map((fault) => `after a complete list, ${fault}`),
    ...swept.map((fault) => `after a sweep, ${fault}`),
    ...unread,
    ...(await endFaults(play, new Set())),
    ...nameFaults(play),
    ...historyFaults(play),
    ...heldFaults(play, disturbances),
    ...removalFaults(play, disturbances),
    ...foreignFaults(play, disturbances),
    ...screeningFaults(play),
    ...botFaults(stage),
    ...(await sweepFaults(play)),
    ...(await recordFaults(play, disturbances)),
    ...(await wireFaultsOf(play)),
  ];
  return [
    ...faults,
    ...(await secondRound(play, first)),
    ...(await missedFaults(play, missed)),
    ...(await serviceFaults(stage)),
  ];
}

async function wireFaultsOf({ stage, cures, troubles, changes }: Play): Promise<readonly string[]> {
  const { wire, crew } = stage;
  const all = [...cures, ...troubles.cures(), ...(await sweepCures(stage))];
  return wireFaults(wire.calls, all, crew, changes);
}

/** Ends all faults, repairs the guild and the client, and then sweeps the whole guild. */
async function comeToRest(play: Play): Promise<readonly string[]> {
  const { stage, hands, sweeping, troubles } = play;
  const { wire } = stage;
  await troubles.end();
  if (!(await cameTrue(() => wire.underWay() === 0))) return ['a call never ended'];
  const stranded = await afterFaults(play);
  if (stranded.length > 0) return stranded;
  hands.setRight();
  const silent = await endSilence(play);
  if (silent.length > 0) return silent;
  const late = await triesAreKept(play);
  if (late.length > 0) return late;
  if (!(await sweeping.areOver(patienceMs()))) return ['a sweep never ended'];
  const unrested = await calmDown(play);
  if (unrested.length > 0) return unrested;
  // The whole service has schedules, one of which may have started a sweep meanwhile.
  await sweeping.areOver(patienceMs());
  // Checked before the last sweep, which would repair them.
  const closed = await sessionIsOpen(play);
  if (closed.length > 0) return closed;
  const untidy = await sweepFaults(play);
  if (untidy.length > 0) return untidy;
  if (!stage.isTruthful || !(await hearsAll(play))) return sweepGuild(play);
  const unheard = await liveFaults(play);
  if (unheard.length > 0) return unheard.map((fault) => `before a list, ${fault}`);
  const missed = await missedUntilNow(play);
  const unswept = await sweepGuild(play);
  return unswept.length > 0 ? unswept : missedFaults(play, missed);
}

/**
 * Sweeps up to three times: a list that lacks many present members fails its sweep, and is believed
 * by the next sweep once each of them was read individually.
 */
async function sweepGuild(play: Play): Promise<readonly string[]> {
  let last: SweepEnd | null = null;
  for (let round = 0; round < 3; round += 1) {
    last = await sweep(play, 'REMOTE_SYNC');
    const restless = await quiet(play.stage);
    if (restless.length > 0) return restless;
    if (last.state !== 'FAILED') return [];
  }
  return [`the last sweep is ${last?.state}: ${last?.reason}`];
}

interface SweepEnd {
  readonly state: string;
  readonly reason: string | null;
}

async function sweep(play: Play, kind: SweepKind): Promise<SweepEnd> {
  const { stage, sweeping } = play;
  const id = await startSweep(play, kind);
  await sweeping.areOver(patienceMs());
  const [found] = await stage.store.sweeps.findSweeps([id]);
  return found ?? { state: 'gone', reason: null };
}

/**
 * Resolves with the sweep's id. The schedules of a whole service may start a sweep of the same kind
 * at any time; waits for it to end.
 */
async function startSweep({ stage, sweeping }: Play, kind: SweepKind): Promise<string> {
  const { store, clientId } = stage;
  const untilMs = Date.now() + patienceMs();
  for (;;) {
    try {
      const request = { clientId, kind, dryRun: false, enforceStrategy: null, cause };
      return (await store.sweeps.startSweep(request)).id;
    } catch (error) {
      const isRunning = error instanceof InputError && error.code === 'CONFLICT';
      if (!isRunning || Date.now() > untilMs) throw error;
      await sweeping.areOver(patienceMs());
    }
  }
}

/**
 * Updates the client up to three times: the refusal of an earlier call may stop or pause it just
 * after the update.
 */
async function calmDown(play: Play): Promise<readonly string[]> {
  const { stage } = play;
  let restless: readonly string[] = [];
  for (let round = 0; round < 3; round += 1) {
    const from = Date.now();
    await stage.update({
      isEnabled: true,
      botToken: stage.botToken,
      removalGuard: LENIENT,
    });
    play.limits.set(LENIENT.minimum, from);
    const isImported = () =>
      stage.importRoles().then(
        () => true,
        () => false,
      );
    if (!(await cameTrue(isImported))) return ['the roles cannot be imported'];
    const cure = { account: 'all', from, until: Date.now() } as const;
    play.cures.push(cure, cure);
    play.changes.push(cure);
    restless = await quiet(stage);
    const [client] = await stage.store.clients.findClients([stage.clientId]);
    if (restless.length === 0 && client?.trouble === null) return restless;
  }
  return restless;
}

async function readEveryone({ store, clientId }: Stage): Promise<readonly string[]> {
  const { rows } = await store.read.pageLinks(clientId, {}, { limit: 100, after: null });
  const faults: string[] = [];
  for (const { id, platformUserId } of rows) {
    await refusable(async () => {
      const outcome = await store.links.reconcileMember({
        id,
        cause,
        waitMs: patienceMs(),
      });
      if (outcome !== 'DONE') faults.push(`${platformUserId} was not read in time`);
    });
  }
  return faults;
}

/**
 * Waits until the path has no work. Parked jobs that are due count: if one reads a member who has
 * left during a list, the list no longer proves the absence. Membership
 * requests may stay open, as no platform answers them here.
 */
async function quiet(stage: Stage): Promise<readonly string[]> {
  const waiting = async () =>
    z.array(z.object({ discord_user_id: z.string() })).parse(await stage.query(WAITING));
  if (await cameTrue(async () => (await waiting()).length === 0)) return [];
  const { store, clientId } = stage;
  const [client] = await store.clients.findClients([clientId]);
  return [
    `the client: ${JSON.stringify(client?.trouble)}, paused until ${client?.pausedUntil?.toISOString()}`,
    ...(await waiting()).map((row) => `${row.discord_user_id} never stops waiting for the path`),
  ];
}

const WAITING = `
  select discord_user_id from reconcile_job where not is_parked or due_at <= clock_timestamp()`;

async function cameTrue(condition: () => boolean | Promise<boolean>): Promise<boolean> {
  const untilMs = Date.now() + patienceMs();
  while (Date.now() < untilMs) {
    if (await condition()) return true;
    await sleep(25);
  }
  return false;
}

/**
 * Mapped roles match the facts, links are IN_STEP, and foreign roles are as people left them,
 * except where a person must decide.
 */
async function endFaults(play: Play, excused: ReadonlySet<string>): Promise<readonly string[]> {
  const waiting = await readStaying(play.stage);
  const people = PEOPLE.filter((account) => !excused.has(accounts[account]));
  return [
    ...(await linkFaults(play, waiting, excused)),
    ...people.flatMap((account) => roleFaults(play, account, waiting)),
  ];
}

/** Decisions, and changes by others that the connector does not undo now. */
async function readStaying(stage: Stage): Promise<Waiting & { readonly undone: UndoneByOthers }> {
  const waiting = await readWaiting(stage);
  const undone = await readUndoneByOthers(stage);
  return { ...waiting, undone, isHeld: (id) => waiting.isHeld(id) || undone.isHeld(id) };
}

type Staying = Awaited<ReturnType<typeof readStaying>>;

async function linkFaults(
  { wishes, hands, stage }: Play,
  waiting: Staying,
  excused: ReadonlySet<string>,
): Promise<readonly string[]> {
  const { rows } = await stage.store.read.pageLinks(
    stage.clientId,
    {},
    { limit: 100, after: null },
  );
  const lost = [...wishes.links].filter(
    ([person, account]) =>
      !rows.some((row) => row.platformUserId === person && row.discordUserId === accounts[account]),
  );
  const ofRows = rows.flatMap((row) => {
    const { discordUserId, state, reason } = row;
    if (excused.has(discordUserId)) return [];
    const linked = PEOPLE.find((person) => person === row.platformUserId);
    const account = linked && wishes.links.get(linked);
    if (account === undefined || accounts[account] !== discordUserId)
      return waiting.hasAny(discordUserId)
        ? []
        : [`a link should have ended: ${row.platformUserId} ${discordUserId} ${state} (${reason})`];
    const isWantedGone = wishes
      .roleIds()
      .some((roleId) => !hands.exists(roleId) && wishes.mayBeGiven(account, roleId));
    const states = [
      'IN_STEP',
      'ABSENT',
      // A list may still show a deleted role.
      ...(isWantedGone || account === stage.bot ? ['PARKED'] : []),
      ...(waiting.isHeld(discordUserId) ? ['HELD'] : []),
      ...(waiting.undone.isDisputed(discordUserId) ? ['DISPUTED'] : []),
      // A membership request is open, or the next fact says the opposite; no platform answers here.
      ...(wishes.hasDiscords() ? ['PENDING', 'DISPUTED'] : []),
    ];
    return states.includes(state)
      ? []
      : [`${account} is ${state} (${reason}), not ${states.join(' or ')}`];
  });
  return [
    ...ofRows,
    ...lost.map(([person, account]) => `the link of ${person} to ${account} is lost`),
  ];
}

function roleFaults(play: Play, account: Person, waiting: Staying): readonly string[] {
  const { wishes, hands } = play;
  const disturbances = disturbancesOf(play);
  const held = hands.held(account);
  if (held === undefined) return [];
  const ofManaged = wishes
    .roleIds()
    .filter((id) => hands.exists(id))
    .flatMap((roleId) => {
      const verdict = wishes.verdict(account, roleId);
      const holds = held.includes(roleId);
      if (holds && waiting.stays(accounts[account], roleId)) return [];
      if (waiting.undone.stays(accounts[account], roleId)) return [];
      if ((verdict === 'yes' && !holds) || (verdict === 'no' && holds))
        return [
          `${account} ${holds ? 'holds' : 'lacks'} role ${roleId}, the verdict is ${verdict}`,
        ];
      return holds &&
        verdict === 'none' &&
        wishes.mustBeGone(account, roleId) &&
        !disturbances.isUnsure(account, roleId) &&
        !disturbances.wasShownBare(account)
        ? [`${account} still holds role ${roleId}, though the link has ended`]
        : [];
    });
  return ofManaged;
}

/** Every change that the bot ever made had a reason at its time. */
function historyFaults(play: Play): readonly string[] {
  const disturbances = disturbancesOf(play);
  return botChanges(play).flatMap(({ account, roleId, direction }) => {
    const verdict = direction === 'added' ? 'yes' : 'no';
    if (play.wishes.ever(account, roleId, verdict) || disturbances.isUndone(account, roleId))
      return [];
    return [`${account} was ${direction} role ${roleId}, for which there was never a reason`];
  });
}

/**
 * A second round, right after the first, makes no change and gets no refusal, and neither does a
 * sweep.
 */
async function secondRound(
  play: Play,
  first: ReturnType<typeof holdings>,
): Promise<readonly string[]> {
  const { stage } = play;
  const from = stage.wire.calls.length;
  const { state, reason } = await sweep(play, 'VERIFY_GROUPS');
  const unread = [
    ...(state === 'DONE' ? [] : [`the second sweep is ${state}: ${reason}`]),
    ...(await readEveryone(stage)),
  ];
  const calls = stage.wire.calls.slice(from);
  const writes = calls.filter(({ method }) => method !== 'GET');
  const refused = calls.filter(({ status }) => [401, 403, 429].includes(status));
  return [
    ...unread,
    ...writes.map((call) => `the second round wrote: ${call.method} ${call.path}`),
    ...refused.map(
      (call) => `the second round was refused: ${call.method} ${call.path} ${call.status}`,
    ),
    ...(JSON.stringify(holdings(stage)) === JSON.stringify(first)
      ? []
      : ['the second round changed a member']),
  ];
}

function holdings({ discord }: Stage) {
  return PEOPLE.map((person) => discord.member(guildId, accounts[person])?.roleIds.toSorted());
}
