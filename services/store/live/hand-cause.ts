import type { Cause, DiscordUserId } from '../../model.js';

export interface HandAuthor {
  /** The id of the audit log entry; if there is none, the name of the gateway event. */
  readonly entryId: string;
  /** Null: unknown. */
  readonly byDiscordUserId: DiscordUserId | null;
  readonly byName: string | null;
}

/** The cause of a run for a change that somebody else made on Discord. */
export function handCause({ entryId, byDiscordUserId, byName }: HandAuthor): Cause {
  return { kind: 'DISCORD', id: entryId, actor: authorName({ byDiscordUserId, byName }) };
}

/** The actor of causes whose author is not known. */
export const UNKNOWN_AUTHOR = 'Discord';

/** `Alice (200000000000000001)` */
export function authorName({
  byDiscordUserId,
  byName,
}: Pick<HandAuthor, 'byDiscordUserId' | 'byName'>): string {
  if (byDiscordUserId === null) return UNKNOWN_AUTHOR;
  return byName === null ? byDiscordUserId : `${byName} (${byDiscordUserId})`;
}
