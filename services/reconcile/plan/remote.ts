/** Readings and remembered state of mappings under authority DISCORD. */
import type { GroupId, GuildId, LinkId, MappingId, PlatformUserId, RoleId } from '../../model.js';

/** What one reading of a member means for all roles under authority DISCORD. */
export interface RequestPlan {
  /** Roles to grant because this is their first reading. */
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
 * `OPEN`: the platform has not reported the membership since the request. `DISPUTED`: it has, and
 * reported the opposite of the request.
 */
export type RequestState = 'OPEN' | 'DISPUTED';

/** The open request to the platform; it ends when the platform reports the requested membership. */
export interface RemoteRequest {
  readonly change: RequestedChange;
  readonly state: RequestState;
  /**
   * The order (see FactOrder) of the membership fact that was current when the request was made.
   */
  readonly askedOrder: string;
}

/**
 * What the last comparison of Discord with the platform found: whether the member had the role, and
 * the open request that followed, if any.
 */
export interface Baseline {
  readonly hasRole: boolean;
  readonly request: RemoteRequest | null;
}

/** The state of a mapping under authority DISCORD, for the active link. */
export interface RemoteFacts {
  /**
   * Null: the next reading counts as the first, and merges Discord's roles with the platform's
   * groups.
   */
  readonly baseline: Baseline | null;
  /** The order (see FactOrder) of the current membership fact; null: there is none. */
  readonly factOrder: string | null;
  /** True: members can be neither added to the group nor removed from it. */
  readonly isGroupDeleted: boolean;
}

/** The result of a run for one mapping under authority DISCORD. */
export interface RemoteReading {
  readonly mappingId: MappingId;
  readonly groupId: GroupId;
  readonly roleId: RoleId;
  readonly asks: RequestedChange | null;
  /** The state to remember; null: nothing, so that the next reading counts as the first. */
  readonly next: Baseline | null;
}

/**
 * A run's readings for the active link: only mappings with a new request or a new state to
 * remember.
 */
export interface RemoteReadings {
  readonly guildId: GuildId;
  readonly linkId: LinkId;
  readonly platformUserId: PlatformUserId;
  readonly rows: readonly RemoteReading[];
}
