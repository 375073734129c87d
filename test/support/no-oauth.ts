import type { DiscordOAuth } from '../../services/discord/oauth/oauth.js';

/** For paths on which nobody's grant is ever renewed. */
export const noOAuth: Pick<DiscordOAuth, 'refresh'> = {
  refresh: () => Promise.reject(new Error('nobody signs in here')),
};
