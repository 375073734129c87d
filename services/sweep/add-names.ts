import type { DiscordUserId } from '../model.js';
import { findMisnamed, type Misnamed } from './find-misnamed.js';
import type { HeldRun } from './held-run.js';
import { planSweep, type PlannedMember } from './plan-sweep.js';
import type { ListedMember, SweepEnding } from './ports.js';

export const NAMES_UNLISTED =
  'the bot may not list members (SERVER MEMBERS INTENT is off), so names are as last read';

/** Adds misnamed members to the findings of a sweep; `listing` replaces the mirror if that was not written. */
export async function addNames(
  deps: Parameters<typeof findMisnamed>[0],
  held: HeldRun,
  ending: SweepEnding,
  listing: { readonly members: readonly ListedMember[] } | null,
): Promise<SweepEnding> {
  const search = await findMisnamed(
    deps,
    held,
    listing &&
      new Map(listing.members.map((each) => [each.discordUserId, each])),
  );
  const { checked, misnamed, unnamed, isObserved } = search;
  const members = merged(ending.driftedMembers, misnamed);
  const notes = [ending.reason, isObserved ? OBSERVED : null];
  return {
    ...ending,
    checked: Math.max(ending.checked, checked),
    drifted: members.length,
    failed: held.run.isDryRun || isObserved ? 0 : blockedIn(misnamed).length,
    plan: planSweep(members, held.callsMade()),
    reason: notes.filter((each) => each !== null).join('; ') || null,
    marks: isObserved
      ? ending.marks
      : [...ending.marks, ...toBeSent(misnamed), ...unnamed],
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
  return misnamed
    .filter(({ isTold }) => !isTold)
    .map(({ discordUserId }) => discordUserId);
}
