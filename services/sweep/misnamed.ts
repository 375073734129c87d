import type { DiscordUserId, NicknameStrategy, PlatformUserId } from '../model.js';
import type { HeldRun } from './held-run.js';
import { type PlannedMember, planSweep, type SweepReads } from './plan-sweep.js';
import type {
  Guild,
  ListedMember,
  NamedMember,
  NameRules,
  PlanNickname,
  SweepEnding,
  SweepMemory,
} from './ports.js';

export const NAMES_UNLISTED =
  'the bot may not list members (SERVER MEMBERS INTENT is off), so names are as last read';

/**
 * Adds misnamed members to a sweep's result. `listed`: the members from the list, used instead of
 * the mirror in a dry run, which does not update the mirror.
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
  // A dry run skips the role read that a real run makes, so its forecast adds that call.
  const roleReads = held.run.isDryRun && misnamed.length > 0 ? 1 : 0;
  const members = merged(ending.driftedMembers, misnamed);
  const notes = [ending.reason, isObserved ? OBSERVED : null];
  return {
    ...ending,
    checked: Math.max(ending.checked, checked),
    drifted: members.length,
    failed:
      held.run.isDryRun || isObserved
        ? 0
        : misnamed.filter(({ blocked }) => blocked !== null).length,
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
      .map((each) => ({ ...each, add: [], remove: [], asks: [], isUnread: false })),
  ];
}

/**
 * Returns the misnamed members to mark. A member who cannot be renamed is marked once; the run then
 * stores the reason.
 */
function toBeSent(misnamed: readonly Misnamed[]): readonly DiscordUserId[] {
  return misnamed.filter(({ isReported }) => !isReported).map(({ discordUserId }) => discordUserId);
}

const PAGE = 1_000;

/** A member whose nickname differs from the client's policy. */
interface Misnamed {
  readonly discordUserId: DiscordUserId;
  readonly platformUserId: PlatformUserId;
  /** The nickname to set; null if it cannot be set. */
  readonly nickname: string | null;
  readonly blocked: string | null;
  /** True: the member's stored reason already names the obstacle. */
  readonly isReported: boolean;
}

interface NameSearch {
  readonly checked: number;
  readonly misnamed: readonly Misnamed[];
  /**
   * Members whose data is insufficient for a nickname and whose stored reason does not say so yet.
   */
  readonly unnamed: readonly DiscordUserId[];
  readonly isObserved: boolean;
}

interface Deps {
  readonly memory: Pick<SweepMemory, 'readNameRules' | 'readNamePage'>;
  readonly guild: Pick<Guild, 'refreshRoles'>;
  readonly planNickname: PlanNickname;
}

/** Returns the nickname strategy of a sweep; null if the client was deleted. */
export async function strategyOf(
  { memory }: Pick<Deps, 'memory'>,
  { clientId, enforceStrategy }: HeldRun['run'],
): Promise<NicknameStrategy | null> {
  const rules = await memory.readNameRules(clientId);
  return rules && (enforceStrategy ?? rules.policy.strategy);
}

/**
 * Finds misnamed linked members from stored data, or from `seen` if given. If there are any, reads
 * the guild's roles again, because they decide whom the bot can rename. A dry run skips this read,
 * because it would save the roles.
 */
async function findMisnamed(
  deps: Deps,
  held: HeldRun,
  seen: ReadonlyMap<DiscordUserId, ListedMember> | null,
): Promise<NameSearch> {
  const rules = await readRules(deps, held);
  const found: NamedMember[] = [];
  const unnamed: DiscordUserId[] = [];
  let checked = 0;
  let after: DiscordUserId | null = null;
  do {
    await held.beforePage();
    const { clientId } = held.run;
    const page = await deps.memory.readNamePage({ clientId, after, limit: PAGE });
    checked += page.length;
    for (const stored of page) {
      const member = seen === null ? stored : asSeen(stored, seen);
      const planned = plan(deps, rules, member);
      if (planned === null) continue;
      if (!planned.isWithheld) found.push(member);
      else if (!planned.isReported) unnamed.push(planned.discordUserId);
    }
    after = page.length < PAGE ? null : (page.at(-1)?.discordUserId ?? null);
  } while (after !== null);
  const fresh = await withFreshRoles(deps, held, { rules, found });
  const misnamed = found.flatMap((member) => plan(deps, fresh, member) ?? ([] as const));
  return { checked, misnamed, unnamed, isObserved: rules.isObserved };
}

async function readRules({ memory }: Deps, { run }: HeldRun): Promise<NameRules> {
  const rules = await memory.readNameRules(run.clientId);
  if (rules === null) throw new Error(`client ${run.clientId} no longer exists`);
  const strategy = run.enforceStrategy ?? rules.policy.strategy;
  return { ...rules, policy: { ...rules.policy, strategy } };
}

async function withFreshRoles(
  deps: Deps,
  held: HeldRun,
  before: { rules: NameRules; found: readonly NamedMember[] },
): Promise<NameRules> {
  if (before.found.length === 0 || held.run.isDryRun) return before.rules;
  await held.call(async () => deps.guild.refreshRoles());
  return readRules(deps, held);
}

function asSeen(member: NamedMember, seen: ReadonlyMap<DiscordUserId, ListedMember>): NamedMember {
  const shown = seen.get(member.discordUserId);
  return shown === undefined
    ? { ...member, isPresent: false }
    : { ...member, isPresent: true, isPending: shown.isPending, roleIds: shown.roleIds, shown };
}

/** Returns null if the nickname is correct or must not be changed. */
function plan(
  { planNickname }: Deps,
  rules: NameRules,
  member: NamedMember,
): (Misnamed & { readonly isWithheld: boolean }) | null {
  const isScreened = rules.waitsForScreening && member.isPending;
  if (!member.isPresent || isScreened) return null;
  const naming = planNickname(rules, member);
  const { nickname, nicknameBlocked: blocked, isWithheld } = naming;
  if (nickname === null && blocked === null) return null;
  const { discordUserId, platformUserId, reason } = member;
  const isReported = blocked !== null && (reason?.includes(blocked) ?? false);
  return {
    discordUserId,
    platformUserId,
    nickname,
    blocked,
    isWithheld,
    isReported,
  };
}
