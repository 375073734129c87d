import type { Logger } from '../../lib/logger.js';
import type { DiscordUserId } from '../../model.js';
import type { GuildRef } from '../../reconcile/ports.js';
import type { AccountReading } from '../rest/bot-readings.js';
import type { HandEntry, HandName, LiveMemory } from './ports.js';

/** Records who made the changes. Their names follow as soon as Discord has answered. */
export type NameHands = (guild: GuildRef, entries: readonly HandEntry[]) => Promise<void>;

interface Deps {
  readonly memory: Pick<LiveMemory, 'noteHands'>;
  readonly readAccount: (
    guild: GuildRef,
    discordUserId: DiscordUserId,
  ) => Promise<AccountReading | null>;
  readonly logger: Logger;
}

/** Names kept in memory; few people change roles by hand. */
const MOST_NAMES = 1_000;

export function createNameHands({ memory, readAccount, logger }: Deps): NameHands {
  const names = new Map<DiscordUserId, HandName>();
  const reading = new Map<DiscordUserId, Promise<HandName>>();

  const find = async (guild: GuildRef, discordUserId: DiscordUserId): Promise<HandName> => {
    const account = await readAccount(guild, discordUserId);
    const found = {
      discordUserId,
      name: account && (account.displayName ?? account.username),
      isBot: account?.isBot ?? null,
    };
    if (names.size >= MOST_NAMES) names.clear();
    names.set(discordUserId, found);
    return found;
  };
  const findOnce = (guild: GuildRef, discordUserId: DiscordUserId): Promise<HandName> => {
    const started = reading.get(discordUserId);
    if (started !== undefined) return started;
    const found = find(guild, discordUserId).finally(() => reading.delete(discordUserId));
    reading.set(discordUserId, found);
    return found;
  };
  const byOf = ({ byDiscordUserId: id }: HandEntry): HandName | null =>
    id === null ? null : (names.get(id) ?? { discordUserId: id, name: null, isBot: null });

  return async (guild, entries) => {
    const { clientId } = guild;
    await memory.noteHands(
      clientId,
      entries.map((entry) => ({ ...entry, by: byOf(entry) })),
    );
    const unknown = new Set(
      entries.flatMap(({ byDiscordUserId: id }) => (id === null || names.has(id) ? [] : [id])),
    );
    for (const discordUserId of unknown)
      void findOnce(guild, discordUserId)
        .then(async (by) =>
          memory.noteHands(
            clientId,
            entries
              .filter(({ byDiscordUserId }) => byDiscordUserId === discordUserId)
              .map((entry) => ({ ...entry, by })),
          ),
        )
        .catch((error: unknown) =>
          logger.info({ err: error, clientId, discordUserId }, 'naming a change by hand failed'),
        );
  };
}
