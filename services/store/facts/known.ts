import type { Attributes, FactOrder, GroupId, PlatformUserId } from '../../model.js';
import type { DeletionFence } from './deletion-fence.js';
import type { Register, RankedFact } from './order.js';

/** The recorded state of the users and groups that the facts name. Folding changes it in place. */
export interface Known {
  /** The database's time in microseconds since 1970, used as the time of mutations. */
  readonly receivedUs: number;
  readonly users: Map<PlatformUserId, KnownUser>;
  /** Groups that the facts change, delete or restore. */
  readonly groups: Map<GroupId, KnownGroup>;
  /** The deletion state of every group that the facts name. */
  readonly lives: Map<GroupId, GroupLife>;
}

export interface KnownUser {
  snapshot: FactOrder | null;
  /** Null: the user is not deleted. */
  deletion: UserDeletion | null;
  /** The deletions that were lifted by restoring the user; null: never restored. */
  readonly restored: DeletionFence | null;
  /**
   * `username` and the attributes, each with its own position in the order, because an event may
   * carry only some of them.
   */
  readonly registers: Map<UserRegister, Register>;
  readonly memberships: Map<GroupId, RankedFact>;
}

export interface UserDeletion {
  readonly fence: DeletionFence;
  /** The caller or event source that deleted the user; null: deleted before this was recorded. */
  readonly by: string | null;
}

export type UserRegister = 'username' | keyof Attributes;

export interface KnownGroup {
  isDeleted: boolean;
  /** `life` is 'deleted' or 'alive'. On a tie the greater text wins, so 'deleted'. */
  readonly registers: Map<'name' | 'life', Register>;
}

export interface GroupLife {
  isDeleted: boolean;
  /**
   * Memberships that are not newer than this fence have ended; null: the group was never deleted.
   */
  fence: DeletionFence | null;
}
