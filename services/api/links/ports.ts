/**
 * The API's ports for links. In: input whose shape is already checked. Out: links with the last
 * observed state of their members. Never: a role written to Discord during a request; the member is
 * marked, and a worker writes.
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
  /** Marks the member and waits at most `waitMs` for the outcome. */
  reconcileMember(request: {
    id: LinkId;
    cause: Cause;
    waitMs: number;
  }): Promise<'DONE' | 'PENDING'>;
  memberPlan(id: LinkId): Promise<Omit<MemberPlanType, 'clientId' | 'linkId'>>;
  /** Throws InputError NOT_FOUND for a role that the guild never had. */
  explainRole(request: {
    id: LinkId;
    roleId: RoleId;
  }): Promise<Omit<RoleExplanationType, 'linkId'>>;
  /** One result per user, in the given order; the list has no duplicates. */
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
 * The result for one user of an import. `message`: why the user was not linked. `linkId`: the link;
 * null if none was created or found.
 */
export interface ImportVerdict {
  readonly kind: 'LINKED' | 'UNCHANGED' | 'CONFLICT' | 'INVALID';
  readonly message: string | null;
  readonly linkId: LinkId | null;
  /** `discordUserId` if that field is invalid by itself; otherwise absent. */
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
  /** Returns the active link, else the ending one. */
  findLinkByPlatformUser(
    clientId: ClientId,
    platformUserId: PlatformUserId,
  ): Promise<DiscordUser | undefined>;
  /** Returns each account's active link, else the ending one. */
  findLinksByMember(keys: readonly MemberKey[]): Promise<readonly (DiscordUser | undefined)[]>;
  pageLinks(clientId: ClientId, filter: LinkFilter, page: Page): Promise<Rows<DiscordUser>>;
  countLinks(clientId: ClientId, filter: LinkFilter): Promise<number>;
  linksOfPlatformUsers(
    ids: readonly PlatformUserId[],
  ): Promise<readonly (readonly DiscordUser[])[]>;
  /** Requests to the platform under authority DISCORD, oldest first. */
  requestsOfLinks(ids: readonly LinkId[]): Promise<readonly (readonly MembershipRequest[])[]>;
  /** Number of members waiting for a reconcile, without parked ones. */
  pendingOfClients(ids: readonly ClientId[]): Promise<readonly number[]>;
  pendingOfPlatformUsers(ids: readonly PlatformUserId[]): Promise<readonly number[]>;
}
