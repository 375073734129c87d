/** What is remembered where Discord has the say: of one link and one mapping. */
import type { GroupId, GuildId, LinkId, MappingId, PlatformUserId, RoleId } from '../model.js';

/** What one reading of a member means for all roles where Discord has the say. */
export interface RequestPlan {
  /** Roles that the first reading gives. */
  readonly gives: readonly RoleId[];
  /** Mappings of which something is to be asked, or to be remembered that was not. */
  readonly readings: readonly RemoteReading[];
  /**
   * Of what is asked: roles that the removal guard leaves alone, as a person has asked for it, or
   * approved it.
   */
  readonly uncounted: readonly RoleId[];
  /** Roles for which the platform would be asked to remove, and a person is to say so first. */
  readonly waiting: readonly RoleId[];
}

export const NO_REQUESTS: RequestPlan = {
  gives: [],
  readings: [],
  uncounted: [],
  waiting: [],
};

export type RequestedChange = 'ADDED' | 'REMOVED';

/**
 * `OPEN`: the platform has said nothing newer about the user and the group. `DISPUTED`: it has, and
 * said the contrary.
 */
export type RequestState = 'OPEN' | 'DISPUTED';

/** What the platform was asked for, until it says the same. */
export interface RemoteRequest {
  readonly change: RequestedChange;
  readonly state: RequestState;
  /** The place that what stood about the user and the group then had in the order of facts. */
  readonly askedOrder: string;
}

/** Discord's state at the last reading that could be held against the platform's. */
export interface Baseline {
  readonly hasRole: boolean;
  readonly request: RemoteRequest | null;
}

/** Of a mapping where Discord has the say, for the active link. */
export interface RemoteFacts {
  /** Null: the next reading is the first, and a union. */
  readonly baseline: Baseline | null;
  /**
   * The place that what stands about the user and the group has in the order of facts; null:
   * nothing stands.
   */
  readonly factOrder: string | null;
  /** Nobody can be put into it or taken out of it. */
  readonly isGroupDeleted: boolean;
}

/** What a run makes of one mapping where Discord has the say. */
export interface RemoteReading {
  readonly mappingId: MappingId;
  readonly groupId: GroupId;
  readonly roleId: RoleId;
  readonly asks: RequestedChange | null;
  /** To be remembered; null: nothing. */
  readonly next: Baseline | null;
}

/**
 * Of the active link. Only mappings of which something is to be asked, or to be remembered that was
 * not.
 */
export interface RemoteReadings {
  readonly guildId: GuildId;
  readonly linkId: LinkId;
  readonly platformUserId: PlatformUserId;
  readonly rows: readonly RemoteReading[];
}
