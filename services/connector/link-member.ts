import type { DiscordRest } from '../discord/rest-api.js';
import type { Logger } from '../lib/logger.js';
import type { Store } from '../store/store.js';

/**
 * Longest wait for Discord to report whether the account is a bot. If Discord does not answer in
 * time, the account is linked, and a later reconcile run detects a bot.
 */
const PATIENCE_MS = 2_000;

interface Deps {
  readonly store: Pick<Store, 'links' | 'readCredentials'>;
  readonly gateway: Pick<DiscordRest, 'readAccount'>;
  readonly logger: Logger;
}

type LinkRequest = Parameters<Store['links']['linkMember']>[0];

/**
 * Links a platform user to a Discord account, and rejects bot accounts. Asks Discord once about an
 * account that was never read.
 */
export function createLinkMember(deps: Deps) {
  const { links } = deps.store;
  return async (request: LinkRequest) => {
    const { isBot, mayAsk } = await links.readAccount(request);
    if (isBot ?? (mayAsk && (await askDiscord(deps, request))))
      throw links.botRefused(request.discordUserId);
    return links.linkMember(request);
  };
}

async function askDiscord(
  { store, gateway, logger }: Deps,
  { clientId, discordUserId }: LinkRequest,
): Promise<boolean> {
  const ask = async () => {
    const guild = await store.readCredentials(clientId);
    const account = await gateway.readAccount(guild, discordUserId);
    return account?.isBot ?? null;
  };
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), PATIENCE_MS);
  });
  const answer = ask().catch((err: unknown) => {
    const fields = { err, clientId, discordUserId };
    logger.warn(fields, 'could not check whether the account is a bot');
    return null;
  });
  const isBot = await Promise.race([answer, patience]);
  clearTimeout(timer);
  return isBot === true;
}
