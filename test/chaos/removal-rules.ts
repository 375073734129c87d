import { DEMO } from '../../services/sandbox/demo-world.js';
import type { Disturbances } from './disturbances.js';
import type { Play } from './play.js';
import { botChanges, type Change } from './record-rules.js';
import { PEOPLE, type Person } from './steps.js';

/** From what a run reads first to the last call that follows from it. */
const LONGEST_RUN_MS = 3_000;

/**
 * Why a role may have been taken, for each that was; gives a line for each that should have stayed.
 */
export function removalFaults(play: Play, disturbances: Disturbances): readonly string[] {
  const taken = botChanges(play).filter((one) => one.direction === 'removed');
  return [
    ...wantedFaults(play),
    ...reasonFaults(play, taken, disturbances),
    ...rejectedFaults(play, taken, disturbances),
    ...limitFaults(play, taken, disturbances),
  ];
}

/**
 * Nobody is asked to take a role that its member is wanted to hold, whether it would have been
 * there or not.
 */
function wantedFaults(play: Play): readonly string[] {
  const { stage, timeline } = play;
  return stage.wire.calls.flatMap(({ method, path, startedAt: at }) => {
    const [, accountId, roleId] = /members\/(\d+)\/roles\/(\d+)/.exec(path) ?? [];
    const account = accountOf(accountId);
    if (method !== 'DELETE' || account === undefined || roleId === undefined) return [];
    return timeline.wasWanted(account, roleId, before(play, at))
      ? [`${account} was to lose role ${roleId}, which the platform grants`]
      : [];
  });
}

/** Of whole lists too: what was taken was not wanted, by an account that is ours, a moment ago. */
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
      : [`${account} lost role ${roleId}, for which the last reason was over ${ago} ms before`];
  });
}

/** What a person has rejected stays, until something newer is said of it. */
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
 * Without a person's word no more are taken than the limit of that moment; the worlds are shorter
 * than an hour. What others have had a hand in may be gone already, as far as is known, and taking
 * it is no removal.
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
        ? [`${account} lost role ${roleId} as number ${counted.size}, the limit was ${limit}`]
        : [];
    });
}

/**
 * By an approval, or by taking a mapping's roles back; a link ended or reconciled by name counts
 * like all others.
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

/** What held all this time held when the run began that ends now. */
function before({ troubles }: Play, at: number) {
  const usual = { from: at - LONGEST_RUN_MS, to: at };
  return { ...usual, from: usual.from - troubles.delayMs(usual) };
}

function accountOf(discordUserId: string | undefined): Person | undefined {
  return PEOPLE.find((person) => DEMO.accounts[person] === discordUserId);
}
