/**
 * What the API needs. In: input whose shape is already checked. Out: views, which contain no
 * secret. Never: a role written to Discord during a request; mutations mark members, and the path
 * writes. Functions throw InputError for the caller's faults, and batch by ids in the given order
 * (undefined: not found).
 */
import type { AuditRecordView } from './audit/audit-view.js';
import type {
  Authority,
  Cause,
  ClientId,
  DiscordUserId,
  FactOutcome,
  GroupId,
  Holders,
  LinkId,
  MappingId,
  PlatformFact,
  PlatformUserId,
  RoleId,
} from '../model.js';
import type {
  AuditFilter,
  CheckResult,
  ClientPatch,
  ClientView,
  ImportVerdict,
  LinkFilter,
  LinkView,
  MappingView,
  MemberPlanView,
  NewClient,
  Page,
  PlatformGroupView,
  PlatformUserView,
  RoleExplanationView,
  RoleView,
  Rows,
} from './kit/views.js';
import type { Stage } from '../lib/lifecycle.js';
import type { IdempotencyPort } from './idempotency/ports.js';
import type { MembershipRequestView } from './http/request-view.js';
import type { NoticePort } from './subscriptions/ports.js';
import type { SignInPorts } from './sign-in/ports.js';
import type {
  HeldPlansView,
  MappingEffect,
  SchedulePort,
  SweepPort,
} from './sweeps/sweep-ports.js';
import type { UnlinkedPort } from './mappings/unlinked-ports.js';

export interface ClientPort {
  createClient(client: NewClient): Promise<ClientView>;
  updateClient(id: ClientId, patch: ClientPatch, cause: Cause): Promise<ClientView>;
  deleteClient(request: {
    id: ClientId;
    holders: Holders;
    dryRun: boolean;
    cause: Cause;
  }): Promise<MappingEffect>;
  checkClient(id: ClientId): Promise<readonly CheckResult[]>;
  /** Reads the roles at Discord, saves them, and marks members whom a change unblocks. */
  importRoles(id: ClientId): Promise<readonly RoleView[]>;
  listClients(): Promise<readonly ClientView[]>;
  findClients(ids: readonly ClientId[]): Promise<readonly (ClientView | undefined)[]>;
}

export interface MappingPort {
  createMapping(request: {
    clientId: ClientId;
    groupId: GroupId;
    roleId: RoleId;
    authority: Authority | null;
    dryRun: boolean;
    cause: Cause;
  }): Promise<{
    readonly mapping: MappingView | null;
    readonly effect: MappingEffect;
    /** Holders in no group that grants the role; a person decides. Null: none. */
    readonly held: { readonly sweepId: string; readonly removals: number } | null;
  }>;
  updateMapping(request: {
    id: MappingId;
    authority: Authority;
    cause: Cause;
  }): Promise<MappingView>;
  retireMapping(request: {
    id: MappingId;
    holders: Holders;
    dryRun: boolean;
    cause: Cause;
  }): Promise<{
    readonly mapping: MappingView;
    readonly effect: MappingEffect;
    /**
     * Holders who are left the role though another mapping would take it: a person decides.
     * `sweepId` null: a dry run.
     */
    readonly held: { readonly sweepId: string | null; readonly removals: number } | null;
  }>;
}

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
  memberPlan(id: LinkId): Promise<MemberPlanView>;
  /** Throws InputError NOT_FOUND for a role that the guild never had. */
  explainRole(request: { id: LinkId; roleId: RoleId }): Promise<RoleExplanationView>;
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

export interface FactPort {
  applyFacts(facts: readonly PlatformFact[]): Promise<readonly FactOutcome[]>;
  /**
   * Lifts a deletion; false: the user is not deleted. Throws InputError NOT_FOUND for a user that
   * was never heard of.
   */
  restoreUser(id: PlatformUserId): Promise<boolean>;
}

/** Every query is one SQL statement, however many rows it returns. */
export interface ReadPort extends UnlinkedPort {
  findLinks(ids: readonly LinkId[]): Promise<readonly (LinkView | undefined)[]>;
  /** The active link, else the ending one. */
  findLinkByPlatformUser(
    clientId: ClientId,
    platformUserId: PlatformUserId,
  ): Promise<LinkView | undefined>;
  /** Active before ending; for loaders keyed by client and account. */
  findLinksByMember(
    keys: readonly { readonly clientId: ClientId; readonly discordUserId: DiscordUserId }[],
  ): Promise<readonly (LinkView | undefined)[]>;
  pageLinks(clientId: ClientId, filter: LinkFilter, page: Page): Promise<Rows<LinkView>>;
  countLinks(clientId: ClientId, filter: LinkFilter): Promise<number>;
  linksOfPlatformUsers(ids: readonly PlatformUserId[]): Promise<readonly (readonly LinkView[])[]>;
  rolesOfClients(ids: readonly ClientId[]): Promise<readonly (readonly RoleView[])[]>;
  findRoles(
    keys: readonly { readonly clientId: ClientId; readonly roleId: RoleId }[],
  ): Promise<readonly (RoleView | undefined)[]>;
  findMappings(ids: readonly MappingId[]): Promise<readonly (MappingView | undefined)[]>;
  /** Active and retired ones. */
  mappingsOfClients(ids: readonly ClientId[]): Promise<readonly (readonly MappingView[])[]>;
  findPlatformUsers(
    ids: readonly PlatformUserId[],
  ): Promise<readonly (PlatformUserView | undefined)[]>;
  findPlatformGroups(ids: readonly GroupId[]): Promise<readonly (PlatformGroupView | undefined)[]>;
  /** Groups that hold the user now. */
  groupsOfPlatformUsers(
    ids: readonly PlatformUserId[],
  ): Promise<readonly (readonly PlatformGroupView[])[]>;
  pagePlatformGroups(search: string | null, page: Page): Promise<Rows<PlatformGroupView>>;
  countPlatformGroups(search: string | null): Promise<number>;
  /** Newest first. */
  pageAuditRecords(filter: AuditFilter, page: Page): Promise<Rows<AuditRecordView>>;
  countAuditRecords(filter: AuditFilter): Promise<number>;
  /** Where Discord has authority; oldest first. */
  requestsOfLinks(ids: readonly LinkId[]): Promise<readonly (readonly MembershipRequestView[])[]>;
  /** Members waiting for a reconcile, without parked ones. */
  /** Null: nothing of this client is held. */
  heldPlansOfClients(ids: readonly ClientId[]): Promise<readonly (HeldPlansView | null)[]>;
  pendingOfClients(ids: readonly ClientId[]): Promise<readonly number[]>;
  pendingOfPlatformUsers(ids: readonly PlatformUserId[]): Promise<readonly number[]>;
}

/** Health of the process, as served by `/health/ready`. */
export interface HealthPort {
  /**
   * During startup only health is served; during shutdown callers are asked to connect elsewhere.
   */
  stage(): Stage;
  readiness(): {
    readonly isReady: boolean;
    readonly parts: readonly {
      readonly name: string;
      readonly state: 'ready' | 'degraded' | 'down';
      readonly reason?: string;
    }[];
  };
}

export interface ApiPorts {
  readonly clients: ClientPort;
  readonly mappings: MappingPort;
  readonly links: LinkPort;
  readonly signIn: SignInPorts;
  readonly facts: FactPort;
  readonly read: ReadPort;
  readonly schedules: SchedulePort;
  readonly sweeps: SweepPort;
  readonly notices: NoticePort;
  readonly idempotency: IdempotencyPort;
  readonly health: HealthPort;
}
