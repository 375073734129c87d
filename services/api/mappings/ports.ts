/**
 * The API's ports for mappings and the holders of mapped roles. They receive input whose shape is
 * already checked, and return mappings and the effect of a change on members. They never write a
 * role to Discord: a change marks members for a reconcile, and the workers write.
 */
import type {
  Authority,
  Cause,
  ClientId,
  GroupId,
  Holders,
  MappingId,
  RoleId,
} from '../../model.js';
import type { RoleKey } from '../clients/ports.js';
import type { Page, Rows } from '../kit/ports.js';
import type { MappingEffect } from '../sweeps/ports.js';
import type { RoleMapping, UnlinkedHolder } from './role-mapping.types.js';

export interface MappingPort {
  createMapping(request: {
    clientId: ClientId;
    groupId: GroupId;
    roleId: RoleId;
    authority: Authority | null;
    dryRun: boolean;
    cause: Cause;
  }): Promise<{
    readonly mapping: RoleMapping | null;
    readonly effect: MappingEffect;
    /**
     * The held plan that removes the role from holders to whom no group grants it. It waits for
     * approval. Null if there are no such holders.
     */
    readonly held: { readonly sweepId: string; readonly removals: number } | null;
  }>;
  updateMapping(request: {
    id: MappingId;
    authority: Authority;
    cause: Cause;
  }): Promise<RoleMapping>;
  retireMapping(request: {
    id: MappingId;
    holders: Holders;
    dryRun: boolean;
    cause: Cause;
  }): Promise<{
    readonly mapping: RoleMapping;
    readonly effect: MappingEffect;
    /**
     * With LEAVE, the held plan that removes the role from holders to whom no other mapping grants
     * it. It waits for approval. In a dry run `sweepId` is null. `held` is null if there is no such
     * plan.
     */
    readonly held: { readonly sweepId: string | null; readonly removals: number } | null;
  }>;
}

export interface MappingReads {
  findMappings(ids: readonly MappingId[]): Promise<readonly (RoleMapping | undefined)[]>;
  /** The active and retired mappings of each client. */
  mappingsOfClients(ids: readonly ClientId[]): Promise<readonly (readonly RoleMapping[])[]>;
}

/** A mapped role, and the number of accounts without a link that hold it. */
export interface UnlinkedRoleView extends RoleKey {
  readonly name: string | null;
  /** Null until a sweep has counted the accounts since the role was mapped. */
  readonly holders: number | null;
}

/** A client's parked members: Discord refused their changes, or the changes failed repeatedly. */
export interface ParkedMembersView {
  readonly members: number;
  /** The causes, most frequent first. `endedBy` says what ends the cause; null if unknown. */
  readonly causes: readonly {
    readonly cause: string;
    readonly endedBy: string | null;
    readonly members: number;
  }[];
}

/** Reads parked members, and accounts without a link. The connector never changes the latter. */
export interface UnlinkedPort {
  /** Returns null for a client without parked members. */
  parkedOfClients(ids: readonly ClientId[]): Promise<readonly (ParkedMembersView | null)[]>;
  unlinkedRolesOfClients(
    ids: readonly ClientId[],
  ): Promise<readonly (readonly UnlinkedRoleView[])[]>;
  pageUnlinkedHolders(role: RoleKey, page: Page): Promise<Rows<UnlinkedHolder>>;
  countUnlinkedHolders(role: RoleKey): Promise<number>;
}
