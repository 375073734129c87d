import type { SandboxWorld } from 'sandbox-discord';

import { DEMO, demoWorld } from '../../services/demo/demo-world.js';
import { SECRETS } from './rig.js';

/** Where the sandbox sends people back to. */
export const CALLBACK = 'http://127.0.0.1:8080/discord/sso/callback';

/** A second guild that the demo's bot is in. */
export const OTHER_GUILD = {
  guildId: '100000000000000002',
  pilot: '320000000000000001',
  bot: '320000000000000002',
} as const;

/**
 * The demo's guild and another with the same bot. Erin is in neither; Alice, Bob, Carol and Dave
 * are in the first.
 */
export function signInWorld(): SandboxWorld {
  const demo = demoWorld({ ...SECRETS, redirectUris: [CALLBACK] });
  const [first] = demo.guilds;
  const [application] = demo.applications;
  if (first === undefined || application === undefined)
    throw new Error('the demo has a guild and an application');
  const botRole = first.roles.find((role) => role.name === 'Connector');
  if (botRole === undefined) throw new Error('the demo has a role for its bot');
  return {
    ...demo,
    guilds: [
      first,
      {
        guildId: OTHER_GUILD.guildId,
        name: 'Other Alliance',
        ownerId: first.ownerId,
        roles: [
          { ...botRole, roleId: OTHER_GUILD.bot, position: 2 },
          { roleId: OTHER_GUILD.pilot, name: 'Pilot', position: 1 },
        ],
        members: [
          { discordUserId: first.ownerId, roleIds: [] },
          {
            discordUserId: application.botUserId,
            roleIds: [OTHER_GUILD.bot],
          },
        ],
      },
    ],
  };
}

export const byName = (name: keyof typeof DEMO.accounts) => ({
  guildId: DEMO.guildId,
  discordUserId: DEMO.accounts[name],
});
