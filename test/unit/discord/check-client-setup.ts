import { createSandboxDiscord, type SandboxDiscord, type SandboxWorld } from 'sandbox-discord';
import { afterEach, beforeEach } from 'vitest';

import {
  checkClient,
  type Check,
  type CheckRequest,
} from '../../../services/discord/doctor/check-client.js';
import { APPLICATION, BOT_ROLE, clientWorld, INVITE } from './client-world.js';
import { guild, GUILD, ROLE, setUpGateway, TOKEN } from './gateway-setup.js';
import { REDIRECT } from './oauth-setup.js';

/** A sandbox Discord for each test, with a client whose set-up is what the test makes of it. */
export function useCheckedClient() {
  let discord: SandboxDiscord;
  let apiBase: string;

  const start = async (world: SandboxWorld) => {
    discord = createSandboxDiscord({ world, limits: null });
    ({ apiBase } = await discord.start());
  };
  beforeEach(() => start(clientWorld));
  afterEach(() => discord.stop());

  return {
    discord: () => discord,
    /** Goes on in another world. */
    replaceWorld: async (change: (world: SandboxWorld) => SandboxWorld) => {
      await discord.stop();
      await start(change(discord.world()));
    },
    grant: (permissions: bigint) =>
      discord.moderator.editRole({
        guildId: GUILD,
        roleId: BOT_ROLE,
        permissions: String(permissions),
      }),
    check: (request: Partial<CheckRequest> = {}, { botToken = TOKEN, timeoutMs = 4000 } = {}) => {
      const { gateway } = setUpGateway(apiBase, {
        timeoutMs,
        credentials: () =>
          Promise.resolve({
            apiBase,
            botToken,
            applicationId: APPLICATION,
            guildId: GUILD,
          }),
      });
      return checkClient({
        discord: gateway,
        guild: { ...guild, applicationId: APPLICATION },
        mappedRoleIds: [ROLE, ROLE],
        callbackUrl: REDIRECT,
        inviteUrl: INVITE,
        hasNicknamePolicy: true,
        joinsPeople: true,
        isLive: true,
        unknownMemberships: { linked: 20, unknown: 0, hasGroups: true },
        ...request,
      });
    },
  };
}

export const named = (checks: readonly Check[], name: string) =>
  checks.find((one) => one.name === name);

export const faultsOf = (checks: readonly Check[]) =>
  checks.filter(({ result }) => result !== 'OK').map(({ name, result }) => `${result} ${name}`);
