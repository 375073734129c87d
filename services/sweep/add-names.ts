import type { DiscordUserId } from '../model.js';
import { findMisnamed, type Misnamed } from './find-misnamed.js';
import type { HeldRun } from './held-run.js';
import { planSweep, type PlannedMember, type SweepReads } from './plan-sweep.js';
import type { ListedMember, SweepEnding } from './ports.js';

export const NAMES_UNLISTED =
  'the bot may not list members (SERVER MEMBERS INTENT is off), so names are as last read';

/**
 * Adds misnamed members to the findings of a sweep; `listed` replaces the mirror if that was not
 * written.
 */
export async function addNames(
  deps: Parameters<typeof findMisnamed>[0],
  held: HeldRun,
  {
    ending,
    listed,
    reads,
  }: {
    readonly ending: SweepEnding;
    readonly listed: readonly ListedMember[] | null;
    readonly reads: SweepReads;
  },
): Promise<SweepEnding> {
  const search = await findMisnamed(
    deps,
    held,
    listed && new Map(listed.map((each) => [each.discordUserId, each])),
  );
  const { checked, misnamed, unnamed, isObserved } = search;
  // The run that is not a dry one reads the guild's roles before it names anybody.
  const roleReads = held.run.isDryRun && misnamed.length > 0 ? 1 : 0;
  const members = merged(ending.driftedMembers, misnamed);
  const notes = [ending.reason, isObserved ? OBSERVED : null];
  return {
    ...ending,
    checked: Math.max(ending.checked, checked),
    drifted: members.length,
    failed: held.run.isDryRun || isObserved ? 0 : blockedIn(misnamed).length,
    plan: planSweep(members, held.callsMade() + roleReads, reads),
    reason: notes.filter((each) => each !== null).join('; ') || null,
    marks: isObserved ? ending.marks : [...ending.marks, ...toBeSent(misnamed), ...unnamed],
  };
}

const OBSERVED = 'the client is in OBSERVE: no nicknames are changed';

function merged(
  drifted: readonly PlannedMember[],
  misnamed: readonly Misnamed[],
): readonly PlannedMember[] {
  const names = new Map(misnamed.map((each) => [each.discordUserId, each]));
  const others = new Set(drifted.map((each) => each.discordUserId));
  return [
    ...drifted.map((each) => ({ ...each, ...names.get(each.discordUserId) })),
    ...misnamed
      .filter(({ discordUserId }) => !others.has(discordUserId))
      .map((each) => ({
        ...each,
        add: [],
        remove: [],
        asks: [],
        isUnread: false,
      })),
  ];
}

function blockedIn(misnamed: readonly Misnamed[]): readonly Misnamed[] {
  return misnamed.filter(({ blocked }) => blocked !== null);
}

/** Members that cannot be renamed are sent to the path once, which records why. */
function toBeSent(misnamed: readonly Misnamed[]): readonly DiscordUserId[] {
  return misnamed.filter(({ isTold }) => !isTold).map(({ discordUserId }) => discordUserId);
}
