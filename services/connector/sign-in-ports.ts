import type { SignInPorts } from '../api/sign-in/ports.js';
import type { DiscordOAuth } from '../discord/oauth/oauth.js';
import type { Store } from '../store/store.js';

/** Ports of signing in, built from the store and Discord. */
export function signInPorts({
  store,
  oauth,
}: {
  readonly store: Store;
  readonly oauth: DiscordOAuth;
}): SignInPorts {
  const { tickets, grants, links, findSignInClient } = store.signIn;
  return {
    ...tickets,
    ...grants,
    ...links,
    findSignInClient,
    oauth,
  };
}
