/** What is remembered where Discord has the say: of one link and one mapping. */
import type {
  GroupId,
  GuildId,
  LinkId,
  MappingId,
  PlatformUserId,
  RoleId,
} from '../model.js';

export type RequestedChange = 'ADDED' | 'REMOVED';

/** `OPEN`: the platform has said nothing newer about the user and the group. `DISPUTED`: it has, and said the contrary. */
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
  /** The place that what stands about the user and the group has in the order of facts; null: nothing stands. */
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

/** Of the active link. Only mappings of which something is to be asked, or to be remembered that was not. */
export interface RemoteReadings {
  readonly guildId: GuildId;
  readonly linkId: LinkId;
  readonly platformUserId: PlatformUserId;
  readonly rows: readonly RemoteReading[];
}
