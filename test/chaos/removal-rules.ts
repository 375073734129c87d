import { DEMO } from '../../services/demo/demo-world.js';
import type { Disturbances } from './disturbances.js';
import type { Play } from './play.js';
import { botChanges, type Change } from './record-rules.js';
import { PEOPLE, type Person } from './steps.js';

/** From the first reading of a run to its last call. */
const LONGEST_RUN_MS = 3_000;

/** Checks the reason of each removed role; returns a line for each that should have stayed. */
export function removalFaults(play: Play, disturbances: Disturbances): readonly string[] {
  const taken = botChanges(play).filter((one) => one.direction === 'removed');
  return [
    ...wantedFaults(play),
    ...reasonFaults(play, taken, disturbances),
    ...rejectedFaults(play, taken, disturbances),
    ...limitFaults(play, taken, disturbances),
  ];
}

/** No call removes a role that its member should hold, whether or not they hold it. */
function wantedFaults(play: Play): readonly string[] {
  const { stage, timeline } = play;
  return stage.wire.calls.flatMap(({ method, path, startedAt: at }) => {
    const [, accountId, roleId] = /members\/(\d+)\/roles\/(\d+)/.exec(path) ?? [];
    const account = accountOf(accountId);
    if (method !== 'DELETE' || account === undefined || roleId === undefined) return [];
    return timeline.wasWanted(account, roleId, before(play, at))
      ? [`a call would remove role ${roleId} from ${account}, though the platform grants it`]
      : [];
  });
}

/** Includes whole lists: a removed role was recently not desired, and its account was linked. */
function reasonFaults(
  { timeline, troubles }: Play,
  taken: readonly Change[],
  disturbances: Disturbances,
): readonly string[] {
  return taken.flatMap(({ account, roleId, at }) => {
    const ago = timeline.sinceTakeable(account, roleId, at);
    const delayMs = troubles.delayMs({ from: at - ago, to: at });
    return ago <= LONGEST_RUN_MS + delayMs || disturbances.isUndone(account, roleId)
      ? []
      : [`${account} lost role ${roleId} ${ago} ms after its last reason ended`];
  });
}

/** A role whose removal was rejected stays until newer facts or requests concern it. */
function rejectedFaults(
  { sweeping }: Play,
  taken: readonly Change[],
  disturbances: Disturbances,
): readonly string[] {
  const rejected = sweeping.decided.filter((each) => each.verdict === 'REJECTED');
  return rejected.flatMap(({ account, roleId, from, until }) => {
    const [newer = Infinity] = sweeping.unsaid
      .filter((each) => each.account === null || each.account === account)
      .map(({ at }) => at)
      .filter((at) => at >= from)
      .toSorted((a, b) => a - b);
    const lost = taken.some(
      (one) =>
        one.account === account &&
        one.roleId === roleId &&
        one.at > until + LONGEST_RUN_MS &&
        one.at < newer,
    );
    return lost && !disturbances.isUndone(account, roleId)
      ? [`${account} lost role ${roleId}, whose removal was rejected`]
      : [];
  });
}

/**
 * Removals without approval never exceed the limit in force at their time; a world takes less than
 * an hour. Roles that others edited do not count: as far as is known they may already be gone, and
 * then removing them is no removal.
 */
function limitFaults(
  play: Play,
  taken: readonly Change[],
  disturbances: Disturbances,
): readonly string[] {
  const counted = new Set<string>();
  return taken
    .toSorted((a, b) => a.at - b.at)
    .flatMap((one) => {
      const { account, roleId, at } = one;
      if (isAskedFor(play, one) || disturbances.isEdited(account, roleId)) return [];
      counted.add(`${account} ${roleId}`);
      const limit = play.limits.highest(before(play, at));
      return counted.size > limit
        ? [
            `${account} lost role ${roleId} as removal ${counted.size}, beyond the limit of ${limit}`,
          ]
        : [];
    });
}

/**
 * Approved, or requested by retiring a mapping with TAKE_BACK. Ending or reconciling a link counts
 * like any other removal.
 */
function isAskedFor({ sweeping, asked }: Play, { account, roleId, at }: Change): boolean {
  const isApproved = sweeping.decided.some(
    (each) =>
      each.verdict === 'APPROVED' &&
      each.account === account &&
      each.roleId === roleId &&
      each.from <= at,
  );
  return isApproved || asked.some((each) => each.at <= at && each.roleId === roleId);
}

/**
 * The span of a run that ends at this time: a value of this whole span was in force when the run
 * began.
 */
function before({ troubles }: Play, at: number) {
  const usual = { from: at - LONGEST_RUN_MS, to: at };
  return { ...usual, from: usual.from - troubles.delayMs(usual) };
}

function accountOf(discordUserId: string | undefined): Person | undefined {
  return PEOPLE.find((person) => DEMO.accounts[person] === discordUserId);
}
