import { setTimeout as sleep } from 'node:timers/promises';

import { DEMO } from '../../services/sandbox/demo-world.js';
import { cause } from '../builders/store-world.js';
import { SECRETS } from '../support/rig.js';
import { disturbancesOf } from './disturbances.js';
import { EVENT_HOST } from './hands.js';
import { Play, refusable } from './play.js';
import { botChanges, recordFaults } from './record-rules.js';
import { LENIENT, openStage, type Stage } from './stage.js';
import { PEOPLE, type World } from './steps.js';
import { wireFaults } from './wire-rules.js';

const { guildId, accounts } = DEMO;

/** Plays a world on real parts and holds its end, and all that was seen on the way, against the model. Gives what does not hold. */
export async function runWorld(
  databaseUrl: string,
  world: World,
): Promise<readonly string[]> {
  const stage = await openStage(databaseUrl, world);
  try {
    const play = new Play(stage);
    await play.begin();
    for (const step of world.steps) await play.take(step);
    const restless = await comeToRest(play);
    if (restless.length > 0)
      return [
        ...restless,
        ...wireFaults(stage.wire.calls, play.cures, stage.crew.givenUp),
      ];
    const first = holdings(stage);
    const faults = [
      ...(await endFaults(play)),
      ...historyFaults(play),
      ...(await recordFaults(play, disturbancesOf(play))),
      ...wireFaults(stage.wire.calls, play.cures, stage.crew.givenUp),
    ];
    return [...faults, ...(await secondRound(stage, first))];
  } finally {
    await stage.stop();
  }
}

/** Faults off, everything at Discord set right, the client looked after; then every linked member is read once. */
async function comeToRest(play: Play): Promise<readonly string[]> {
  const { stage, hands } = play;
  const { discord, wire } = stage;
  discord.faults.clear();
  wire.clearLimits();
  hands.setRight();
  if (!(await cameTrue(() => wire.underWay() === 0)))
    return ['a call is under way for ever'];
  const unrested = await calmDown(play);
  if (unrested.length > 0) return unrested;
  const unread = await readEveryone(stage);
  return [...unread, ...(await quiet(stage))];
}

/** A call that was refused just before may still stop or pause the client just after it was looked after: then once more. */
async function calmDown(play: Play): Promise<readonly string[]> {
  const { stage } = play;
  let restless: readonly string[] = [];
  for (let round = 0; round < 3; round += 1) {
    const from = Date.now();
    await stage.update({
      isEnabled: true,
      botToken: SECRETS.botToken,
      removalGuard: LENIENT,
    });
    const isImported = () =>
      stage.importRoles().then(
        () => true,
        () => false,
      );
    if (!(await cameTrue(isImported))) return ['the roles cannot be imported'];
    const cure = { account: 'all', from, until: Date.now() } as const;
    play.cures.push(cure, cure);
    restless = await quiet(stage);
    const [client] = await stage.store.clients.findClients([stage.clientId]);
    if (restless.length === 0 || client?.trouble === null) return restless;
  }
  return restless;
}

async function readEveryone({
  store,
  clientId,
}: Stage): Promise<readonly string[]> {
  const { rows } = await store.read.pageLinks(
    clientId,
    {},
    { limit: 100, after: null },
  );
  const faults: string[] = [];
  for (const { id, platformUserId } of rows) {
    await refusable(async () => {
      const outcome = await store.links.reconcileMember({
        id,
        cause,
        waitMs: PATIENCE_MS,
      });
      if (outcome !== 'DONE')
        faults.push(`${platformUserId} was not read in time`);
    });
  }
  return faults;
}

async function quiet({ store, clientId }: Stage): Promise<readonly string[]> {
  const isQuiet = async () =>
    (await store.read.countLinks(clientId, { states: ['PENDING'] })) === 0;
  if (await cameTrue(isQuiet)) return [];
  const { rows } = await store.read.pageLinks(
    clientId,
    { states: ['PENDING'] },
    { limit: 100, after: null },
  );
  const [client] = await store.clients.findClients([clientId]);
  return [
    `the client: ${JSON.stringify(client?.trouble)}, paused until ${client?.pausedUntil?.toISOString()}`,
    ...rows.map(
      (row) => `${row.platformUserId} is pending for ever (${row.reason})`,
    ),
  ];
}

const PATIENCE_MS = 10_000;

async function cameTrue(
  condition: () => boolean | Promise<boolean>,
): Promise<boolean> {
  const untilMs = Date.now() + PATIENCE_MS;
  while (Date.now() < untilMs) {
    if (await condition()) return true;
    await sleep(25);
  }
  return false;
}

/** Managed roles are as the facts say, links in step, foreign roles as people left them. */
async function endFaults(play: Play): Promise<readonly string[]> {
  const { wishes, hands, stage } = play;
  const { rows } = await stage.store.read.pageLinks(
    stage.clientId,
    {},
    { limit: 100, after: null },
  );
  const disturbances = disturbancesOf(play);
  const faults: string[] = [];
  for (const row of rows) {
    const linked = PEOPLE.find(
      (person) =>
        wishes.links.get(person) !== undefined && person === row.platformUserId,
    );
    const account = linked && wishes.links.get(linked);
    if (account === undefined || accounts[account] !== row.discordUserId) {
      faults.push(
        `a link that should have ended: ${row.platformUserId} ${row.discordUserId} ${row.state} (${row.reason})`,
      );
      continue;
    }
    const isWantedGone = wishes
      .roleIds()
      .some(
        (roleId) =>
          wishes.verdict(account, roleId) === 'yes' && !hands.exists(roleId),
      );
    // A list may still show a role that is gone.
    const states = isWantedGone
      ? ['PARKED', 'ABSENT', 'IN_STEP']
      : ['IN_STEP', 'ABSENT'];
    if (!states.includes(row.state))
      faults.push(
        `${account} is ${row.state} (${row.reason}), not ${states.join(' or ')}`,
      );
  }
  for (const account of PEOPLE) {
    const held = hands.held(account);
    if (held === undefined) continue;
    for (const roleId of wishes.roleIds().filter((id) => hands.exists(id))) {
      const verdict = wishes.verdict(account, roleId);
      const holds = held.includes(roleId);
      if ((verdict === 'yes' && !holds) || (verdict === 'no' && holds))
        faults.push(
          `${account} ${holds ? 'holds' : 'lacks'} role ${roleId}, the verdict is ${verdict}`,
        );
      if (
        holds &&
        verdict === 'none' &&
        wishes.mustBeGone(account, roleId) &&
        !disturbances.isUnsure(account, roleId)
      )
        faults.push(
          `${account} still holds role ${roleId}, though the link has ended`,
        );
    }
    const isHost = hands.eventHosts.has(account);
    if (
      held.includes(EVENT_HOST) !== isHost &&
      !disturbances.isUndone(account, EVENT_HOST)
    )
      faults.push(
        `the foreign role of ${account} is ${isHost ? 'lost' : 'there'}`,
      );
  }
  return faults;
}

/** Whatever the bot has ever changed had its reason when it was changed. */
function historyFaults(play: Play): readonly string[] {
  const disturbances = disturbancesOf(play);
  return botChanges(play).flatMap(({ account, roleId, direction }) => {
    const verdict = direction === 'added' ? 'yes' : 'no';
    if (
      play.wishes.ever(account, roleId, verdict) ||
      disturbances.isUndone(account, roleId)
    )
      return [];
    return [
      `${account} was ${direction} role ${roleId}, for which there never was a reason`,
    ];
  });
}

/** Straight after the first, it changes nothing and is refused nothing. */
async function secondRound(
  stage: Stage,
  first: ReturnType<typeof holdings>,
): Promise<readonly string[]> {
  const from = stage.wire.calls.length;
  const unread = await readEveryone(stage);
  const calls = stage.wire.calls.slice(from);
  const writes = calls.filter(({ method }) => method !== 'GET');
  const refused = calls.filter(({ status }) =>
    [401, 403, 429].includes(status),
  );
  return [
    ...unread,
    ...writes.map(
      (call) => `the second round wrote: ${call.method} ${call.path}`,
    ),
    ...refused.map(
      (call) =>
        `the second round was refused: ${call.method} ${call.path} ${call.status}`,
    ),
    ...(JSON.stringify(holdings(stage)) === JSON.stringify(first)
      ? []
      : ['the second round changed a member']),
  ];
}

function holdings({ discord }: Stage) {
  return PEOPLE.map((person) =>
    discord.member(guildId, accounts[person])?.roleIds.toSorted(),
  );
}
