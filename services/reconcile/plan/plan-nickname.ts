import { createHash } from 'node:crypto';

import {
  NO_NICKNAME,
  type DiscordUserId,
  type GuildId,
  type NicknameStrategy,
  type PresentMember,
  type RenameRefusal,
  type RoleId,
} from '../../model.js';
import { desiredNickname, isSameNickname, type NicknamePerson } from './nickname.js';
import type { Job } from '../job.js';
import type { MemberFacts } from '../ports.js';

export interface NicknamePolicy {
  readonly strategy: NicknameStrategy;
  readonly template: string | null;
}

/** A member's names. Discord shows the first one that is set. */
export interface ShownNames {
  readonly nickname: string | null;
  readonly displayName: string | null;
  readonly username: string | null;
}

export interface NicknamePlan {
  /** Null: leave it alone. NO_NICKNAME: reset it. */
  readonly nickname: string | null;
  /** Why the nickname is not set although it should be; null: no obstacle. */
  readonly nicknameBlocked: string | null;
  /**
   * True: the obstacle is a role or permission in the guild, which may have changed since it was
   * read.
   */
  readonly isBlockedByRank: boolean;
  /**
   * True: the data from the platform does not name the person. `nicknameBlocked` says what is
   * missing. This is not a failure.
   */
  readonly isWithheld: boolean;
  /** New value of `renamedByHandAt`; absent: it does not change. */
  readonly renamedByHandAt?: readonly Date[];
}

export const LEAVE_NICKNAME: NicknamePlan = {
  nickname: null,
  nicknameBlocked: null,
  isBlockedByRank: false,
  isWithheld: false,
};

/**
 * Compares the desired nickname with the name that Discord shows, not only with the nickname.
 * Discord may return no nickname if it equals the account's own name, and the connector would then
 * write the nickname again and again. Does not retry `refusedBefore`, a nickname that Discord
 * refused within the last day.
 */
export function planNickname(input: {
  readonly policy: NicknamePolicy;
  /** Null: the account is no longer linked. */
  readonly person: NicknamePerson | null;
  readonly shown: ShownNames;
  readonly refusal: RenameRefusal | null;
  readonly refusedBefore: string | null;
}): NicknamePlan {
  const { policy, person, shown, refusal, refusedBefore } = input;
  if (person === null) return LEAVE_NICKNAME;
  const { nickname: wanted, withheld } = desiredNickname(policy, person);
  if (withheld !== null)
    return { ...LEAVE_NICKNAME, nicknameBlocked: notSet(withheld), isWithheld: true };
  if (wanted === null || isSameNickname(wanted, shownName(shown))) return LEAVE_NICKNAME;
  if (refusal !== null)
    return {
      ...LEAVE_NICKNAME,
      nicknameBlocked: notSet(REFUSALS[refusal]),
      isBlockedByRank: refusal !== 'OWNER',
    };
  if (wanted === refusedBefore) return { ...LEAVE_NICKNAME, nicknameBlocked: notTaken(wanted) };
  return { ...LEAVE_NICKNAME, nickname: wanted };
}

export function shownName({ nickname, displayName, username }: ShownNames): string | null {
  return nickname ?? displayName ?? username;
}

/** Whether Discord shows the nickname that was written, or none after a reset. */
export function showsNickname(written: string, shown: ShownNames): boolean {
  return written === NO_NICKNAME
    ? shown.nickname === null
    : isSameNickname(written, shownName(shown));
}

/** Returns the reason text for a nickname that Discord refused or stored as a different text. */
export function notTaken(nickname: string): string {
  return nickname === NO_NICKNAME
    ? notReset('Discord refused it')
    : notSet(`Discord does not accept ${JSON.stringify(nickname)}`);
}

function notSet(why: string): string {
  return `the nickname is not set: ${why}`;
}

function notReset(why: string): string {
  return `the nickname is not reset: ${why}`;
}

const REFUSALS: Readonly<Record<RenameRefusal, string>> = {
  OWNER: "Discord does not allow renaming the server's owner",
  ABOVE_BOT: 'the member has a role that is not below the bot',
  MISSING_PERMISSION: 'the bot needs Manage Nicknames',
};

/** The facts about a guild that decide which members its bot may rename. */
export interface RenameRules {
  readonly guildId: GuildId;
  readonly ownerId: DiscordUserId | null;
  /**
   * Roles whose holders the bot cannot rename. @everyone, whose id is the guild's, means all
   * members.
   */
  readonly refusals: ReadonlyMap<RoleId, RenameRefusal>;
}

/** Returns why the bot cannot rename the member; null: no known obstacle. */
export function renameRefusal(
  { guildId, ownerId, refusals }: RenameRules,
  member: { readonly discordUserId: DiscordUserId; readonly roleIds: readonly RoleId[] },
): RenameRefusal | null {
  if (member.discordUserId === ownerId) return 'OWNER';
  // @everyone has the guild's id.
  const everyone: string = guildId;
  const ofEverybody = refusals.get(everyone);
  if (ofEverybody !== undefined) return ofEverybody;
  const inTheWay = member.roleIds.find((roleId) => refusals.has(roleId));
  return inTheWay === undefined ? null : (refusals.get(inTheWay) ?? null);
}

/** Plans the nickname of a member from stored facts. */
export function planNicknameOf(
  rules: RenameRules & { readonly policy: NicknamePolicy },
  member: {
    readonly discordUserId: DiscordUserId;
    readonly roleIds: readonly RoleId[];
    readonly person: NicknamePerson | null;
    readonly shown: ShownNames;
    readonly refusedBefore: string | null;
  },
): NicknamePlan {
  const { policy } = rules;
  const refusal = renameRefusal(rules, member);
  return planNickname({ ...member, policy, refusal });
}

/**
 * Plans the nickname of a member for a run. `shown` is null if the member is not in the guild yet.
 * If sweeps among the causes name a nickname strategy, the last one replaces the client's own.
 */
export function planMemberNickname(
  facts: MemberFacts,
  { discordUserId, causes }: Pick<Job, 'discordUserId' | 'causes'>,
  shown: PresentMember | null,
): NicknamePlan {
  if (facts.client.isObserved) return LEAVE_NICKNAME;
  const { nicknamePolicy, renaming, person } = facts;
  if (person === null) return planReset(facts, discordUserId, shown);
  const enforced = causes.findLast((cause) => cause.enforceStrategy);
  const strategy = enforced?.enforceStrategy ?? nicknamePolicy.strategy;
  const plan = planNicknameOf(
    { ...renaming, guildId: facts.client.guildId, policy: { ...nicknamePolicy, strategy } },
    {
      discordUserId,
      roleIds: shown?.roleIds ?? [],
      person,
      shown: shown ?? NOBODY,
      refusedBefore: facts.nicknameRefused,
    },
  );
  return withoutFight(facts, causes, shown, plan);
}

/** After so many changes by others within RENAMES_WITHIN_MS, the nickname is left alone. */
const MOST_RENAMES = 3;
const RENAMES_WITHIN_MS = 60 * 60_000;

/**
 * Leaves the nickname alone once others have changed it three times within an hour. An
 * ENFORCE_NICKNAMES sweep and a request by an admin set it again, and start the count anew.
 */
function withoutFight(
  facts: MemberFacts,
  causes: Job['causes'],
  shown: PresentMember | null,
  plan: NicknamePlan,
): NicknamePlan {
  const { renamedByHandAt: times, nowMs } = facts;
  if (causes.some((cause) => cause.enforcesNicknames ?? cause.isAskedFor))
    return times.length === 0 ? plan : { ...plan, renamedByHandAt: [] };
  if (plan.nickname === null) return plan;
  if (times.length >= MOST_RENAMES) return LEFT_TO_OTHERS;
  if (!isRenamedByHand(facts, causes, shown)) return plan;
  const recent = times.filter((time) => nowMs - time.getTime() < RENAMES_WITHIN_MS);
  const renamedByHandAt = [...recent, new Date(nowMs)];
  const isFight = renamedByHandAt.length >= MOST_RENAMES;
  return { ...(isFight ? LEFT_TO_OTHERS : plan), renamedByHandAt };
}

const LEFT_TO_OTHERS: NicknamePlan = {
  ...LEAVE_NICKNAME,
  nicknameBlocked: notSet(
    'others have changed it three times within an hour; the next ENFORCE_NICKNAMES sweep sets it',
  ),
};

/**
 * Whether the run's reading is the first to show that others changed the nickname that the connector
 * set last. If an event showed it, so does the mirror, and the change has been counted.
 */
function isRenamedByHand(
  { nicknameSetHash, mirror }: Pick<MemberFacts, 'nicknameSetHash' | 'mirror'>,
  causes: Job['causes'],
  shown: PresentMember | null,
): boolean {
  const isOurs = (nickname: string | null) =>
    nickname !== null && hashNickname(nickname) === nicknameSetHash;
  const wasOurs = mirror?.isPresent === true && isOurs(mirror.nickname);
  if (!wasOurs || shown === null || isOurs(shown.nickname)) return false;
  return causes.some(({ kind }) => kind === 'DISCORD');
}

/**
 * Plans the reset of the nickname when the last link ends. Resets only a nickname that the
 * connector set, not one that the member or a moderator chose since. The nickname planned by an
 * open record counts as set by the connector, because an interrupted run may have set it.
 */
function planReset(
  facts: MemberFacts,
  discordUserId: DiscordUserId,
  shown: PresentMember | null,
): NicknamePlan {
  const { client, nicknamePolicy, openRecord, renaming } = facts;
  if (nicknamePolicy.onUnlink === 'KEEP') return LEAVE_NICKNAME;
  const current = shown?.nickname ?? null;
  const planned = openRecord?.plannedNickname ?? null;
  if (shown === null || current === null) return LEAVE_NICKNAME;
  const isOurs =
    hashNickname(current) === facts.nicknameSetHash ||
    (planned !== null && isSameNickname(planned, current));
  if (!isOurs) return LEAVE_NICKNAME;
  const member = { discordUserId, roleIds: shown.roleIds };
  const rules = { ...renaming, guildId: client.guildId };
  const refusal = renameRefusal(rules, member);
  if (refusal !== null)
    return {
      ...LEAVE_NICKNAME,
      nicknameBlocked: notReset(REFUSALS[refusal]),
      isBlockedByRank: refusal !== 'OWNER',
    };
  if (facts.nicknameRefused === NO_NICKNAME)
    return { ...LEAVE_NICKNAME, nicknameBlocked: notTaken(NO_NICKNAME) };
  return { ...LEAVE_NICKNAME, nickname: NO_NICKNAME };
}

function hashNickname(nickname: string): string {
  return createHash('sha256').update(nickname).digest('hex');
}

const NOBODY: ShownNames = { nickname: null, displayName: null, username: null };
