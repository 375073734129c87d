import type { ClientId, DiscordUserId, RoleId } from '../model.js';
import type { Page, Rows } from './views.js';

/** An account that holds a mapped role and has no link, as the last complete member list showed it. */
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

/** Accounts without a link are read and shown; nothing is ever done to them. */
export interface UnlinkedPort {
  unlinkedRolesOfClients(
    ids: readonly ClientId[],
  ): Promise<readonly (readonly UnlinkedRoleView[])[]>;
  pageUnlinkedHolders(
    role: UnlinkedRole,
    page: Page,
  ): Promise<Rows<UnlinkedHolderView>>;
  countUnlinkedHolders(role: UnlinkedRole): Promise<number>;
}
