import type { ClientId, DiscordUserId, RoleId } from '../../model.js';
import type { Page, Rows } from '../kit/views.js';

/**
 * An account that holds a mapped role and has no link, as the last complete member list showed it.
 */
export interface UnlinkedHolderView {
  /** The account's id, as the place in its list. */
  readonly id: DiscordUserId;
  readonly discordUserId: DiscordUserId;
  readonly username: string;
  readonly displayName: string | null;
  readonly nickname: string | null;
  readonly isBot: boolean;
  readonly readAt: Date | null;
}

/** A mapped role and how many accounts without a link hold it. */
export interface UnlinkedRoleView extends UnlinkedRole {
  readonly name: string | null;
  /** Null: nothing has counted them since the role was mapped. */
  readonly holders: number | null;
}

export interface UnlinkedRole {
  readonly clientId: ClientId;
  readonly roleId: RoleId;
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
  pageUnlinkedHolders(role: UnlinkedRole, page: Page): Promise<Rows<UnlinkedHolderView>>;
  countUnlinkedHolders(role: UnlinkedRole): Promise<number>;
}
