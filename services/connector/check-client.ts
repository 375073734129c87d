import { checkClient, type Check } from '../discord/doctor/check-client.js';
import type { DiscordRest } from '../discord/rest-api.js';
import { LostKeyError } from '../lib/encryption.js';
import type { ClientId } from '../model.js';
import type { Store } from '../store/store.js';

const CALLBACK_PATH = '/discord/sso/callback';

/** Nothing works until these checks pass. When they pass, a stop or pause of the client ends. */
const VITAL = ['bot token', 'bot in guild'];

export type CheckClient = (id: ClientId) => Promise<readonly Check[]>;

/** Returns a function that checks a client at Discord and saves the results with the client. */
export function createCheckClient(
  { store, gateway }: { readonly store: Store; readonly gateway: DiscordRest },
  /** Returns the base URL of public pages; null if not set. */
  peopleBase: () => string | null,
): CheckClient {
  return async (id) => {
    const guild = await readable(store, id);
    if ('lost' in guild) {
      await store.saveChecks(id, guild.lost);
      return guild.lost;
    }
    gateway.forgetCredentials(id);
    await store.notifyTryNow(id);
    const [client] = await store.clients.findClients([id]);
    const [mappings = []] = await store.read.mappingsOfClients([id]);
    const [roles = []] = await store.read.rolesOfClients([id]);
    const active = mappings.filter((mapping) => mapping.retiredAt === null);
    const base = peopleBase();
    const checks = await checkClient({
      discord: gateway,
      guild,
      mappedRoleIds: [...new Set(active.map((mapping) => mapping.roleId))],
      roleNames: new Map(roles.map(({ roleId, name }) => [roleId, name])),
      callbackUrl: client?.callbackUrl ?? (base === null ? null : `${base}${CALLBACK_PATH}`),
      inviteUrl: client?.inviteUrl ?? null,
      hasNicknamePolicy: client?.nicknamePolicy.strategy !== 'NONE',
      joinsPeople: true,
      isLive: client?.isLive ?? false,
      unknownMemberships: await store.countUnknownMemberships(id),
    });
    const failed = checks.filter((check) => check.result === 'FAILED');
    if (!failed.some((check) => VITAL.includes(check.name))) await store.clearTrouble(id);
    // Save last, so that a check interrupted by a database failure stays due.
    await store.saveChecks(id, checks);
    return checks;
  };
}

/**
 * Returns the client's credentials; if its bot token cannot be decrypted, a failed check instead.
 */
async function readable(store: Store, id: ClientId) {
  try {
    return await store.readCredentials(id);
  } catch (error) {
    if (!(error instanceof LostKeyError)) throw error;
    const lost: readonly Check[] = [
      {
        name: 'bot token',
        result: 'FAILED',
        message: `The stored bot token cannot be decrypted, so Discord was not called: ${error.message}.`,
        remedy:
          'Set botToken and clientSecret again with updateDiscordClient, or restore the key in ENCRYPTION_KEYS.',
      },
    ];
    return { lost };
  }
}
