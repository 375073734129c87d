import {
  LANES,
  type Cause,
  type Lane,
  type MemberReading,
  type PresentMember,
  type RoleId,
} from '../../model.js';
import { type HandAuthor, handCause } from './hand-cause.js';

/** A linked member as stored when an event about them arrives. */
export interface KnownMember {
  /** Null: never read. */
  readonly mirror: MemberReading | null;
  /**
   * The mirror was written by a reading or by the connector's own change within the last seconds,
   * and no event has confirmed it yet.
   */
  readonly isUnconfirmed: boolean;
  readonly hasOpenRecord: boolean;
  /** A job waits for a run. */
  readonly isWaiting: boolean;
  readonly hasEndingLink: boolean;
  /** The mirror shows the nickname that the connector set last. */
  readonly isNicknameOurs: boolean;
  /** Recent audit log entries about the member's roles. */
  readonly hands: readonly KnownHand[];
}

export interface KnownHand extends HandAuthor {
  readonly roleId: RoleId;
  readonly isGiven: boolean;
}

export interface GuildRules {
  readonly mappedRoles: ReadonlySet<RoleId>;
  /** The client sets nicknames. */
  readonly setsNicknames: boolean;
}

/** A mapped role that was given to or taken from a member who stayed in the guild. */
export interface Flip {
  readonly roleId: RoleId;
  readonly isGiven: boolean;
}

interface EventMark {
  readonly lane: Lane;
  readonly causes: readonly Cause[];
}

export interface EventVerdict {
  /** The mirror takes over what the event shows. */
  readonly isBelieved: boolean;
  readonly mark: EventMark | null;
  /** The mark if the mirror was changed by others before it could take over the event. */
  readonly reading: EventMark | null;
  readonly flips: readonly Flip[];
  readonly presence: 'LEFT' | 'RETURNED' | null;
  readonly isRenamedByHand: boolean;
}

const IGNORED: EventVerdict = {
  isBelieved: false,
  mark: null,
  reading: null,
  flips: [],
  presence: null,
  isRenamedByHand: false,
};

/**
 * Decides what the last event about a linked member means.
 *
 * Events of one session come in order, but none has a version, so an event can only be compared
 * with the mirror. One that agrees is the echo of what is known. One that differs may be older than
 * a reading or a write of the connector that has just changed the mirror. It is then not believed,
 * and a run reads the member instead. Nor is it believed while a record is open, because closing
 * the record compares the member with the mirror from before its changes.
 */
export function judgeEvent(
  known: KnownMember,
  event: MemberReading,
  rules: GuildRules,
): EventVerdict {
  const { mirror } = known;
  const change = compare(mirror, event, rules);
  const causes = causesOf(known, event, change.flips);
  const reading = {
    lane: LANES.fresh,
    causes: causes.map((cause) => ({ ...cause, looksAnew: true as const })),
  };
  if (known.hasOpenRecord || (change.mayBeOld && known.isUnconfirmed))
    return { ...IGNORED, mark: reading };
  if (!change.isAny) return { ...IGNORED, isBelieved: known.isUnconfirmed || known.isWaiting };
  return {
    isBelieved: true,
    mark: markOf(known, event, change, causes),
    reading,
    flips: change.flips,
    presence: presenceOf(mirror, event),
    isRenamedByHand: change.isRenamed && known.isNicknameOurs,
  };
}

interface EventChange {
  readonly isAny: boolean;
  /** It contradicts something that the connector writes or acts on, unlike a person's own names. */
  readonly mayBeOld: boolean;
  readonly flips: readonly Flip[];
  /** The member joined, left, passed screening, or was timed out or released. */
  readonly isStanding: boolean;
  /** The nickname changed at a client that sets nicknames. */
  readonly isRenamed: boolean;
  /** A name that nicknames depend on changed. */
  readonly isAboutName: boolean;
}

function compare(
  mirror: MemberReading | null,
  event: MemberReading,
  { mappedRoles, setsNicknames }: GuildRules,
): EventChange {
  if (!mirror?.isPresent || !event.isPresent) {
    const isSame = mirror?.isPresent === false && !event.isPresent;
    return {
      isAny: !isSame,
      mayBeOld: !isSame,
      flips: [],
      isStanding: !isSame,
      isRenamed: false,
      isAboutName: false,
    };
  }
  const given = event.roleIds.filter((roleId) => !mirror.roleIds.includes(roleId));
  const taken = mirror.roleIds.filter((roleId) => !event.roleIds.includes(roleId));
  const flips = [
    ...given.map((roleId) => ({ roleId, isGiven: true })),
    ...taken.map((roleId) => ({ roleId, isGiven: false })),
  ].filter(({ roleId }) => mappedRoles.has(roleId));
  const isRenamed = mirror.nickname !== event.nickname;
  const isStanding =
    mirror.isPending !== event.isPending ||
    timeOf(mirror.timedOutUntil) !== timeOf(event.timedOutUntil) ||
    (mirror.isBot ?? false) !== (event.isBot ?? false) ||
    hasRejoined(mirror, event);
  const isNamed = mirror.username !== event.username || mirror.displayName !== event.displayName;
  const mayBeOld = given.length + taken.length > 0 || isStanding || isRenamed;
  return {
    isAny: mayBeOld || isNamed,
    mayBeOld,
    flips,
    isStanding,
    isRenamed: setsNicknames && isRenamed,
    isAboutName: setsNicknames && (isRenamed || mirror.username !== event.username),
  };
}

const timeOf = (date: Date | null) => date?.getTime() ?? null;

function hasRejoined(mirror: PresentMember, event: PresentMember): boolean {
  const before = mirror.joinedAt ?? null;
  const now = event.joinedAt ?? null;
  return before !== null && now !== null && before.getTime() !== now.getTime();
}

function presenceOf(mirror: MemberReading | null, event: MemberReading): EventVerdict['presence'] {
  if (mirror === null || mirror.isPresent === event.isPresent) return null;
  return event.isPresent ? 'RETURNED' : 'LEFT';
}

/** A member who left needs a run only to end a link, because Discord took all roles. */
function markOf(
  known: KnownMember,
  event: MemberReading,
  { flips, isStanding, isAboutName }: EventChange,
  causes: readonly Cause[],
): EventVerdict['mark'] {
  if (!event.isPresent) return known.hasEndingLink ? { lane: LANES.fresh, causes } : null;
  if (flips.length > 0 || isStanding) return { lane: LANES.fresh, causes };
  if (!isAboutName) return null;
  return {
    lane: LANES.name,
    causes: causes.map((cause) => ({ ...cause, isAboutName: true as const })),
  };
}

/** One cause per audit log entry that explains a flip; the event itself if one is unexplained. */
function causesOf(
  { mirror, hands }: KnownMember,
  event: MemberReading,
  flips: readonly Flip[],
): readonly Cause[] {
  const authors = flips.map(({ roleId, isGiven }) =>
    hands.find((hand) => hand.roleId === roleId && hand.isGiven === isGiven),
  );
  const entries = new Map(authors.filter(isKnown).map((hand) => [hand.entryId, hand]));
  const explained = [...entries.values()].map(handCause);
  const isExplained = flips.length > 0 && authors.every(isKnown);
  return isExplained
    ? explained
    : [...explained, handCause({ ...UNKNOWN, entryId: nameOf(mirror, event) })];
}

const UNKNOWN = { byDiscordUserId: null, byName: null };

const isKnown = (hand: KnownHand | undefined) => hand !== undefined;

function nameOf(mirror: MemberReading | null, event: MemberReading): string {
  if (!event.isPresent) return 'GUILD_MEMBER_REMOVE';
  return mirror?.isPresent === true ? 'GUILD_MEMBER_UPDATE' : 'GUILD_MEMBER_ADD';
}
