import { checkClient, type Check } from '../discord/check-client.js';
import type { DiscordGateway } from '../discord/gateway.js';
import type { ClientId } from '../model.js';
import type { Store } from '../store/store.js';

const CALLBACK_PATH = '/discord/sso/callback';

/** What must be right before anything can be done for a client; once it is, its trouble is over. */
const VITAL = ['bot token', 'bot in guild'];

export type CheckClient = (id: ClientId) => Promise<readonly Check[]>;

/** The doctor, with all it is to know of the client. What it found is kept beside the client. */
export function createCheckClient(
  {
    store,
    gateway,
  }: { readonly store: Store; readonly gateway: DiscordGateway },
  /** Of the addresses that people are given; null: they can be given none. */
  peopleBase: () => string | null,
): CheckClient {
  return async (id) => {
    const guild = await store.readCredentials(id);
    gateway.forgetCredentials(id);
    const [client] = await store.clients.findClients([id]);
    const [mappings = []] = await store.read.mappingsOfClients([id]);
    const active = mappings.filter((mapping) => mapping.retiredAt === null);
    const base = peopleBase();
    const checks = await checkClient({
      discord: gateway,
      guild,
      mappedRoleIds: [...new Set(active.map((mapping) => mapping.roleId))],
      callbackUrl:
        client?.callbackUrl ??
        (base === null ? null : `${base}${CALLBACK_PATH}`),
      inviteUrl: client?.inviteUrl ?? null,
      hasNicknamePolicy: client?.nicknamePolicy.strategy !== 'NONE',
      joinsPeople: true,
      unknownMemberships: await store.countUnknownMemberships(id),
    });
    await store.saveChecks(id, checks);
    const failed = checks.filter((check) => check.result === 'FAILED');
    if (!failed.some((check) => VITAL.includes(check.name)))
      await store.clearTrouble(id);
    return checks;
  };
}
