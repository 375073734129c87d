/**
 * The API's ports for clients. They receive checked settings, including secrets, and return clients
 * without secrets. They never write a role or a nickname to Discord during a request.
 */
import type {
  Cause,
  ClientId,
  ClientSettings,
  Endpoints,
  GuildId,
  Holders,
  RoleId,
} from '../../model.js';
import type { MappingEffect } from '../sweeps/ports.js';
import type { DiscordClient, DiscordRole, HealthCheck } from './discord-client.types.js';
import type { LiveStatus } from './live-status.types.js';

export interface RoleKey {
  readonly clientId: ClientId;
  readonly roleId: RoleId;
}

export interface NewClient extends ClientSettings {
  readonly guildId: GuildId;
  readonly endpoints: Endpoints;
  readonly clientSecret: string;
  readonly botToken: string;
}

export type ClientPatch = Partial<Omit<NewClient, 'guildId'>>;

export interface ClientPort {
  createClient(client: NewClient): Promise<DiscordClient>;
  updateClient(id: ClientId, patch: ClientPatch, cause: Cause): Promise<DiscordClient>;
  deleteClient(request: {
    id: ClientId;
    holders: Holders;
    dryRun: boolean;
    cause: Cause;
  }): Promise<MappingEffect>;
  checkClient(id: ClientId): Promise<readonly HealthCheck[]>;
  /**
   * Reads the roles from Discord and saves them. Marks parked members that a role change has
   * unblocked, so that workers reconcile them.
   */
  importRoles(id: ClientId): Promise<readonly DiscordRole[]>;
  listClients(): Promise<readonly DiscordClient[]>;
  findClients(ids: readonly ClientId[]): Promise<readonly (DiscordClient | undefined)[]>;
}

export interface LiveReads {
  liveOfClients(ids: readonly ClientId[]): Promise<readonly (LiveStatus | undefined)[]>;
  disputesOfClients(ids: readonly ClientId[]): Promise<readonly (DisputeCounts | undefined)[]>;
}

/** Numbers of linked members. */
export interface DisputeCounts {
  /** Another account keeps undoing a change. */
  readonly reversals: number;
  /** Of these, the members that keep a revoked role. */
  readonly kept: number;
  /** The platform contradicts a request. */
  readonly requests: number;
}

export interface RoleReads {
  rolesOfClients(ids: readonly ClientId[]): Promise<readonly (readonly DiscordRole[])[]>;
  findRoles(keys: readonly RoleKey[]): Promise<readonly (DiscordRole | undefined)[]>;
}
