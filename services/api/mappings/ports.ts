/**
 * What the API needs for mappings, and for the holders of mapped roles. In: input whose shape is
 * already checked. Out: mappings, and what a change means for members. Never: a role written to
 * Discord; a change marks members, and the path writes.
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
    /** Holders in no group that grants the role; a person decides. Null: none. */
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
     * Holders who are left the role though another mapping would take it: a person decides.
     * `sweepId` null: a dry run.
     */
    readonly held: { readonly sweepId: string | null; readonly removals: number } | null;
  }>;
}

export interface MappingReads {
  findMappings(ids: readonly MappingId[]): Promise<readonly (RoleMapping | undefined)[]>;
  /** Active and retired ones. */
  mappingsOfClients(ids: readonly ClientId[]): Promise<readonly (readonly RoleMapping[])[]>;
}

/** A mapped role and how many accounts without a link hold it. */
export interface UnlinkedRoleView extends RoleKey {
  readonly name: string | null;
  /** Null: nothing has counted them since the role was mapped. */
  readonly holders: number | null;
}

/** Linked members that are parked: Discord, or a fault, keeps them from being brought into step. */
export interface ParkedMembersView {
  readonly members: number;
  /** The most frequent first. */
  readonly causes: readonly {
    readonly cause: string;
    readonly endedBy: string | null;
    readonly members: number;
  }[];
}

/** Accounts without a link are read and shown; nothing is ever done to them. */
export interface UnlinkedPort {
  /** Null: no member is parked. */
  parkedOfClients(ids: readonly ClientId[]): Promise<readonly (ParkedMembersView | null)[]>;
  unlinkedRolesOfClients(
    ids: readonly ClientId[],
  ): Promise<readonly (readonly UnlinkedRoleView[])[]>;
  pageUnlinkedHolders(role: RoleKey, page: Page): Promise<Rows<UnlinkedHolder>>;
  countUnlinkedHolders(role: RoleKey): Promise<number>;
}
