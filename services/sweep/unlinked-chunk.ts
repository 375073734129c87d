import type { DiscordUserId, RoleId } from '../model.js';

/**
 * Members without a link and the mapped roles they hold: of ids above `after` and up to `to`; null:
 * without that limit.
 */
export interface UnlinkedChunk {
  readonly after: DiscordUserId | null;
  readonly to: DiscordUserId | null;
  readonly holders: readonly {
    readonly discordUserId: DiscordUserId;
    readonly roleIds: readonly RoleId[];
    readonly username: string;
    readonly displayName: string | null;
    readonly nickname: string | null;
    readonly isBot: boolean;
  }[];
}
