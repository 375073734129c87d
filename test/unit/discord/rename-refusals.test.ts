import { describe, expect, it } from 'vitest';

import {
  renameRefusals,
  type BotStanding,
  type RankedRole,
} from '../../../services/discord/rest/hierarchy.js';

const MANAGE_NICKNAMES = String(1n << 27n);

const role = (roleId: string, parts: Partial<RankedRole> = {}): RankedRole => ({
  roleId,
  position: 1,
  isManaged: false,
  permissions: '0',
  ...parts,
});

const bot: BotStanding = {
  guildId: '1',
  ownerId: '90',
  botUserId: '50',
  botRoleIds: ['20'],
};

const everyone = role('1', { position: 0 });
const botRole = role('20', { position: 5, permissions: MANAGE_NICKNAMES });

function refusals(standing: BotStanding, ...roles: readonly RankedRole[]): Record<string, string> {
  return Object.fromEntries(renameRefusals(roles, standing));
}

describe('roles whose holders the bot cannot rename', () => {
  it('are the roles not below its highest role, including its own and managed ones', () => {
    const below = role('30', { position: 4, isManaged: true });
    const above = role('31', { position: 6, isManaged: true });

    expect(refusals(bot, everyone, botRole, below, above)).toEqual({
      20: 'ABOVE_BOT',
      31: 'ABOVE_BOT',
    });
  });

  it('are all roles, reported as @everyone, if it lacks the permission', () => {
    const weak = { ...botRole, permissions: String(1n << 28n) };

    expect(refusals(bot, everyone, weak)).toMatchObject({
      1: 'MISSING_PERMISSION',
    });
  });

  it('are the roles not below its highest role, even if it is an administrator', () => {
    const admin = { ...botRole, permissions: '8' };
    const above = role('31', { position: 6 });

    expect(refusals(bot, everyone, admin, above)).toEqual({
      20: 'ABOVE_BOT',
      31: 'ABOVE_BOT',
    });
  });

  it('are none if it owns the guild', () => {
    const owning = { ...bot, ownerId: bot.botUserId };
    const above = role('31', { position: 6 });

    expect(refusals(owning, everyone, botRole, above)).toEqual({});
  });

  it('are all roles if it has none itself', () => {
    const bare = { ...bot, botRoleIds: [] };

    expect(refusals(bare, everyone, role('30'))).toEqual({
      1: 'MISSING_PERMISSION',
      30: 'ABOVE_BOT',
    });
  });
});
