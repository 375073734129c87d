import { found, type EditingDeps } from './live-editing.js';
import {
  endAuthorization,
  isBetween,
  liveTokens,
  newPair,
  saveCode,
  savePair,
} from './oauth-grants.js';
import type { OAuthParties, SandboxOAuth } from './oauth-interface.js';

/** Grants, revokes and expires authorizations without a browser. */
export function createOAuthPeople({ world, clock, onChange }: EditingDeps): SandboxOAuth {
  const partiesOf = ({ applicationId, discordUserId }: OAuthParties) => {
    found(world.users, discordUserId, 'account');
    return found(world.applications, applicationId, 'application');
  };

  return {
    authorize({ codeChallenge = null, ...asked }) {
      const { redirectUris } = partiesOf(asked);
      if (!redirectUris.includes(asked.redirectUri))
        throw new Error(
          `application ${asked.applicationId} has no redirect address ${asked.redirectUri}`,
        );
      const code = world.nextSecret();
      saveCode(world, code, { ...asked, codeChallenge, now: clock() });
      onChange();
      return code;
    },
    grant(authorization) {
      partiesOf(authorization);
      const pair = newPair(world);
      savePair(world, pair, { authorization, now: clock() });
      onChange();
      return pair;
    },
    liveTokens: (which = {}) => liveTokens(world, which, clock()),
    deauthorize(which) {
      partiesOf(which);
      endAuthorization(world, which);
      onChange();
    },
    expireAccessTokens(which) {
      partiesOf(which);
      for (const [token, one] of world.accessTokens)
        if (isBetween(one, which)) world.accessTokens.set(token, { ...one, expiresAt: clock() });
      onChange();
    },
  };
}
