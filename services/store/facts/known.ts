import type {
  Attributes,
  FactOrder,
  GroupId,
  PlatformUserId,
} from '../../model.js';
import type { Register, Standing } from './order.js';

/** What stands now about the users and groups that the facts name. Folding changes it in place. */
export interface Known {
  /** The database's clock: when mutations among the facts happen. */
  readonly receivedUs: number;
  readonly users: Map<PlatformUserId, KnownUser>;
  readonly groups: Map<GroupId, KnownGroup>;
}

export interface KnownUser {
  snapshot: FactOrder | null;
  isDeleted: boolean;
  /** `username` and the attributes, each with its own fence: an event may carry only some. */
  readonly registers: Map<UserRegister, Register>;
  readonly memberships: Map<GroupId, Standing>;
}

export type UserRegister = 'username' | keyof Attributes;

export interface KnownGroup {
  isDeleted: boolean;
  /** `life` holds 'deleted' or 'alive'; on a tie the greater text, so 'deleted', wins. */
  readonly registers: Map<'name' | 'life', Register>;
}
