import type { Caller } from './api-call.js';
import type { LiveApplication, LiveWorld } from './live-world.js';
import { unauthorized } from './refusal.js';

/**
 * Identifies the owner of a token: a bot (`Bot …`) or a person (`Bearer …`). Refuses all others.
 */
export function callerOf(world: LiveWorld, authorization: string | undefined, now: number): Caller {
  const [, scheme, token = ''] = /^(Bot|Bearer) (.+)$/.exec(authorization ?? '') ?? [];
  const caller = scheme === 'Bearer' ? personWith(world, token, now) : botWith(world, token);
  if (!caller) throw unauthorized();
  return caller;
}

// A handwritten token may have no expiry, but the response needs one.
const FAR_AWAY = Date.UTC(2100, 0);

function botWith(world: LiveWorld, token: string): Caller | undefined {
  const application = applicationWith(world, token);
  return application && { kind: 'bot', application };
}

/** The application whose bot has this token. */
export function applicationWith(world: LiveWorld, botToken: string): LiveApplication | undefined {
  for (const application of world.applications.values())
    if (application.botToken === botToken) return application;
  return undefined;
}

function personWith(world: LiveWorld, token: string, now: number): Caller | undefined {
  const grant = world.accessTokens.get(token);
  if (!grant || (grant.expiresAt ?? Infinity) <= now) return undefined;
  const user = world.users.get(grant.discordUserId);
  const application = world.applications.get(grant.applicationId);
  return (
    user &&
    application && {
      kind: 'person',
      user,
      application,
      scopes: grant.scopes,
      expiresAt: grant.expiresAt ?? FAR_AWAY,
    }
  );
}
