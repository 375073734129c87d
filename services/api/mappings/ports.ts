/**
 * The API's ports for mappings and the holders of mapped roles. In: input whose shape is already
 * checked. Out: mappings, and the effect of a change on members. Never: a role written to Discord;
 * a change marks members, and the workers write.
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
     * The held plan to remove the role from holders to whom no group grants it; it waits for
     * approval. Null: there are no such holders.
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
     * With LEAVE: the held plan to remove the role from holders who would lose it under another
     * mapping; it waits for approval. `sweepId` null: a dry run.
     */
    readonly held: { readonly sweepId: string | null; readonly removals: number } | null;
  }>;
}

export interface MappingReads {
  findMappings(ids: readonly MappingId[]): Promise<readonly (RoleMapping | undefined)[]>;
  /** The active and retired mappings of each client. */
  mappingsOfClients(ids: readonly ClientId[]): Promise<readonly (readonly RoleMapping[])[]>;
}

/** A mapped role and how many accounts without a link hold it. */
export interface UnlinkedRoleView extends RoleKey {
  readonly name: string | null;
  /** Null: not counted since the role was mapped. */
  readonly holders: number | null;
}

/** A client's parked members: a refusal by Discord or a fault keeps them out of step. */
export interface ParkedMembersView {
  readonly members: number;
  /** Most frequent first. */
  readonly causes: readonly {
    readonly cause: string;
    readonly endedBy: string | null;
    readonly members: number;
  }[];
}

/** Reads parked members and accounts without a link, which the connector never changes. */
export interface UnlinkedPort {
  /** Null: no member is parked. */
  parkedOfClients(ids: readonly ClientId[]): Promise<readonly (ParkedMembersView | null)[]>;
  unlinkedRolesOfClients(
    ids: readonly ClientId[],
  ): Promise<readonly (readonly UnlinkedRoleView[])[]>;
  pageUnlinkedHolders(role: RoleKey, page: Page): Promise<Rows<UnlinkedHolder>>;
  countUnlinkedHolders(role: RoleKey): Promise<number>;
}
