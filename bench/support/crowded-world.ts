import type { SandboxWorld } from 'sandbox-discord';

import { demoWorld } from '../../services/demo/demo-world.js';
import { SECRETS } from '../../test/support/rig.js';
import { numbers } from './bench-guilds.js';

/** Below the demo's own roles, so that its bot may give them. */
export const EXTRA_ROLES = ['310000000000000001', '310000000000000002'] as const;
const FOREIGN_ROLE = '300000000000000002';

export const memberId = (index: number) => String(410_000_000_000_000_000n + BigInt(index));

/** The demo's guild with more members, who hold one foreign role each, and two more roles. */
export function crowdedWorld(count: number): SandboxWorld {
  const demo = demoWorld(SECRETS);
  const discordUserIds = numbers(count).map(memberId);
  return {
    ...demo,
    users: [
      ...demo.users,
      ...discordUserIds.map((discordUserId) => ({
        discordUserId,
        username: `member-${discordUserId}`,
      })),
    ],
    guilds: demo.guilds.map((guild) => ({
      ...guild,
      roles: [
        ...guild.roles,
        ...EXTRA_ROLES.map((roleId, index) => ({
          roleId,
          name: `Extra ${index}`,
          position: 1,
        })),
      ],
      members: [
        ...guild.members,
        ...discordUserIds.map((discordUserId) => ({
          discordUserId,
          roleIds: [FOREIGN_ROLE],
        })),
      ],
    })),
  };
}
