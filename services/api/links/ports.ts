/**
 * The API's ports for links. They receive input whose shape is already checked, and return links
 * with the last observed state of their members. They never write a role to Discord during a
 * request: they mark the member for a reconcile, and a worker writes.
 */
import type {
  Cause,
  ClientId,
  DiscordUserId,
  GroupId,
  LinkId,
  LinkState,
  MemberKey,
  PlatformUserId,
  RoleId,
} from '../../model.js';
import type { Page, Rows } from '../kit/ports.js';
import type { Dispute } from './dispute.types.js';
import type { DiscordUser, MembershipRequest } from './discord-user.types.js';
import type { MemberPlanType, RoleExplanationType } from './explain.types.js';

export interface LinkPort {
  linkMember(request: {
    clientId: ClientId;
    platformUserId: PlatformUserId;
    discordUserId: DiscordUserId;
    cause: Cause;
  }): Promise<{ readonly linkId: LinkId; readonly warnings: readonly string[] }>;
  unlinkMember(request: { id: LinkId; cause: Cause }): Promise<void>;
  /**
   * Marks the member for a reconcile and waits at most `waitMs` for the outcome. PENDING: there is
   * no outcome yet.
   */
  reconcileMember(request: {
    id: LinkId;
    cause: Cause;
    waitMs: number;
  }): Promise<'DONE' | 'PENDING'>;
  memberPlan(id: LinkId): Promise<Omit<MemberPlanType, 'clientId' | 'linkId'>>;
  /**
   * Throws InputError NOT_FOUND for an unknown link, or for a role that neither the guild nor the
   * member had when last read.
   */
  explainRole(request: {
    id: LinkId;
    roleId: RoleId;
  }): Promise<Omit<RoleExplanationType, 'linkId'>>;
  /** Returns one result per user, in the given order. `users` must not contain duplicates. */
  importMembers(request: {
    clientId: ClientId;
    users: readonly {
      readonly platformUserId: PlatformUserId;
      readonly discordUserId: DiscordUserId;
    }[];
    dryRun: boolean;
    cause: Cause;
  }): Promise<readonly ImportVerdict[]>;
}

/**
 * The result for one user of an import. `message` says why the user was not linked. `linkId` is the
 * link; null if no link was created or found.
 */
export interface ImportVerdict {
  readonly kind: 'LINKED' | 'UNCHANGED' | 'CONFLICT' | 'INVALID';
  readonly message: string | null;
  readonly linkId: LinkId | null;
  /** `discordUserId` if only this field is invalid; otherwise absent. */
  readonly field?: 'discordUserId';
}

export interface LinkFilter {
  readonly states?: readonly LinkState[];
  readonly platformUserIds?: readonly PlatformUserId[];
  readonly discordUserIds?: readonly DiscordUserId[];
  readonly roleId?: RoleId;
  readonly groupId?: GroupId;
}

export interface LinkReads {
  findLinks(ids: readonly LinkId[]): Promise<readonly (DiscordUser | undefined)[]>;
  /** Returns the active link, or the ending link if there is no active one. */
  findLinkByPlatformUser(
    clientId: ClientId,
    platformUserId: PlatformUserId,
  ): Promise<DiscordUser | undefined>;
  /** Returns each account's active link, or its ending link if it has no active one. */
  findLinksByMember(keys: readonly MemberKey[]): Promise<readonly (DiscordUser | undefined)[]>;
  pageLinks(clientId: ClientId, filter: LinkFilter, page: Page): Promise<Rows<DiscordUser>>;
  countLinks(clientId: ClientId, filter: LinkFilter): Promise<number>;
  linksOfPlatformUsers(
    ids: readonly PlatformUserId[],
  ): Promise<readonly (readonly DiscordUser[])[]>;
  /**
   * Returns the membership changes requested from the platform under authority DISCORD, oldest
   * first.
   */
  requestsOfLinks(ids: readonly LinkId[]): Promise<readonly (readonly MembershipRequest[])[]>;
  /** Returns each link's dispute; null: none. */
  disputesOfLinks(ids: readonly LinkId[]): Promise<readonly (Dispute | null)[]>;
  /**
   * Returns the number of members that wait for a reconcile or are being reconciled, without parked
   * members.
   */
  pendingOfClients(ids: readonly ClientId[]): Promise<readonly number[]>;
  pendingOfPlatformUsers(ids: readonly PlatformUserId[]): Promise<readonly number[]>;
}
