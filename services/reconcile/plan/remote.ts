/** What is remembered of one link and one mapping under authority DISCORD. */
import type { GroupId, GuildId, LinkId, MappingId, PlatformUserId, RoleId } from '../../model.js';

/** What one reading of a member means for all roles under authority DISCORD. */
export interface RequestPlan {
  /** Roles that the first reading grants. */
  readonly gives: readonly RoleId[];
  /** Mappings with a new request, or with a new state to remember. */
  readonly readings: readonly RemoteReading[];
  /**
   * Roles of requests that the removal guard ignores, because a person asked for or approved them.
   */
  readonly uncounted: readonly RoleId[];
  /** Roles whose removal requests to the platform wait for approval. */
  readonly waiting: readonly RoleId[];
}

export const NO_REQUESTS: RequestPlan = { gives: [], readings: [], uncounted: [], waiting: [] };

export type RequestedChange = 'ADDED' | 'REMOVED';

/**
 * `OPEN`: the platform has reported nothing newer about the user and the group. `DISPUTED`: it has,
 * and reported the opposite.
 */
export type RequestState = 'OPEN' | 'DISPUTED';

/** The open request to the platform; it ends when the platform reports the requested membership. */
export interface RemoteRequest {
  readonly change: RequestedChange;
  readonly state: RequestState;
  /** The order of the fact about the user and the group that was current at the time. */
  readonly askedOrder: string;
}

/** Discord's state at the last reading that could be compared with the platform's. */
export interface Baseline {
  readonly hasRole: boolean;
  readonly request: RemoteRequest | null;
}

/** A mapping under authority DISCORD, for the active link. */
export interface RemoteFacts {
  /** Null: the next reading is the first, and merges both sides. */
  readonly baseline: Baseline | null;
  /** The order of the current fact about the user and the group; null: there is none. */
  readonly factOrder: string | null;
  /** A deleted group can gain and lose no members. */
  readonly isGroupDeleted: boolean;
}

/** The result of a run for one mapping under authority DISCORD. */
export interface RemoteReading {
  readonly mappingId: MappingId;
  readonly groupId: GroupId;
  readonly roleId: RoleId;
  readonly asks: RequestedChange | null;
  /** The state to remember; null: none. */
  readonly next: Baseline | null;
}

/** For the active link. Only mappings with a new request, or with a new state to remember. */
export interface RemoteReadings {
  readonly guildId: GuildId;
  readonly linkId: LinkId;
  readonly platformUserId: PlatformUserId;
  readonly rows: readonly RemoteReading[];
}
