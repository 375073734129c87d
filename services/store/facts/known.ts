import type { Attributes, FactOrder, GroupId, PlatformUserId } from '../../model.js';
import type { DeletionFence } from './deletion-fence.js';
import type { Register, RankedFact } from './order.js';

/** The recorded state of the users and groups that the facts name. Folding changes it in place. */
export interface Known {
  /** The database's clock: when mutations among the facts happen. */
  readonly receivedUs: number;
  readonly users: Map<PlatformUserId, KnownUser>;
  /** Groups that the facts change. */
  readonly groups: Map<GroupId, KnownGroup>;
  /** For every group that the facts name. */
  readonly lives: Map<GroupId, GroupLife>;
}

export interface KnownUser {
  snapshot: FactOrder | null;
  /** Null: not deleted. */
  deletion: UserDeletion | null;
  /** Times of the deletions that were lifted. */
  readonly restored: DeletionFence | null;
  /** `username` and the attributes, each with its own fence: an event may carry only some. */
  readonly registers: Map<UserRegister, Register>;
  readonly memberships: Map<GroupId, RankedFact>;
}

export interface UserDeletion {
  readonly fence: DeletionFence;
  /** The caller or event source; null: deleted before this was recorded. */
  readonly by: string | null;
}

export type UserRegister = 'username' | keyof Attributes;

export interface KnownGroup {
  isDeleted: boolean;
  /** `life` holds 'deleted' or 'alive'; on a tie the greater text, so 'deleted', wins. */
  readonly registers: Map<'name' | 'life', Register>;
}

export interface GroupLife {
  isDeleted: boolean;
  /** Memberships that are not newer have ended; null: the group was never deleted. */
  fence: DeletionFence | null;
}
