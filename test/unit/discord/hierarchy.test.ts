import { describe, expect, it } from 'vitest';

import {
  roleRefusals,
  type BotStanding,
  type RankedRole,
} from '../../../services/discord/rest/hierarchy.js';

const MANAGE_ROLES = String(1n << 28n);
const ADMINISTRATOR = '8';

const role = (roleId: string, parts: Partial<RankedRole> = {}): RankedRole => ({
  roleId,
  position: 1,
  isManaged: false,
  permissions: '0',
  ...parts,
});

const bot = (parts: Partial<BotStanding> = {}): BotStanding => ({
  guildId: '1',
  ownerId: '90',
  botUserId: '50',
  botRoleIds: ['20'],
  ...parts,
});

const everyone = role('1', { position: 0 });
const botRole = role('20', { position: 5, permissions: MANAGE_ROLES });

const refusalOf = (
  asked: RankedRole,
  standing: BotStanding = bot(),
  others: readonly RankedRole[] = [everyone, botRole],
) => roleRefusals([...others, asked], standing).get(asked.roleId);

describe('the reason why a role cannot be assigned', () => {
  it('is null for a role below the highest role of the bot', () => {
    expect(refusalOf(role('30', { position: 4 }))).toBeNull();
  });

  it('is EVERYONE for the role that every member has', () => {
    expect(roleRefusals([everyone, botRole], bot()).get('1')).toBe('EVERYONE');
  });

  it('is MANAGED for a managed role, even below the bot', () => {
    expect(refusalOf(role('30', { isManaged: true }))).toBe('MANAGED');
  });

  it('is ABOVE_BOT for a role above the bot', () => {
    expect(refusalOf(role('30', { position: 6 }))).toBe('ABOVE_BOT');
  });

  it('is ABOVE_BOT for the highest role of the bot itself', () => {
    expect(roleRefusals([everyone, botRole], bot()).get('20')).toBe('ABOVE_BOT');
  });

  it('is decided by the id for equal positions: the lower id is higher', () => {
    expect(refusalOf(role('19', { position: 5 }))).toBe('ABOVE_BOT');
    expect(refusalOf(role('21', { position: 5 }))).toBeNull();
  });

  it('compares ids as numbers, not as text', () => {
    expect(refusalOf(role('100', { position: 5 }))).toBeNull();
    expect(refusalOf(role('9', { position: 5 }))).toBe('ABOVE_BOT');
  });

  it('distinguishes ids that differ beyond 53 bits', () => {
    const botRole = role('1152921504606846977', {
      position: 5,
      permissions: MANAGE_ROLES,
    });
    const standing = bot({ botRoleIds: [botRole.roleId] });
    const world = [everyone, botRole];

    const older = role('1152921504606846976', { position: 5 });
    const younger = role('1152921504606846978', { position: 5 });

    expect(refusalOf(older, standing, world)).toBe('ABOVE_BOT');
    expect(refusalOf(younger, standing, world)).toBeNull();
  });

  it('is ABOVE_BOT for a role above the bot even if the bot is an administrator', () => {
    const strong = role('20', { position: 5, permissions: ADMINISTRATOR });
    const world = [everyone, strong];

    expect(refusalOf(role('30', { position: 6 }), bot(), world)).toBe('ABOVE_BOT');
    expect(refusalOf(role('30', { position: 4 }), bot(), world)).toBeNull();
  });

  it('is MISSING_PERMISSION if no role of the bot grants the permission', () => {
    const weak = role('20', { position: 5, permissions: '2048' });

    expect(refusalOf(role('30'), bot(), [everyone, weak])).toBe('MISSING_PERMISSION');
  });

  it('is null if @everyone grants the permission', () => {
    const generous = role('1', { position: 0, permissions: MANAGE_ROLES });
    const weak = role('20', { position: 5 });

    expect(refusalOf(role('30'), bot(), [generous, weak])).toBeNull();
  });

  it('takes permissions and positions from all roles of the bot', () => {
    const high = role('20', { position: 9 });
    const granting = role('21', { position: 2, permissions: MANAGE_ROLES });
    const standing = bot({ botRoleIds: ['20', '21'] });

    const asked = role('30', { position: 8 });

    expect(refusalOf(asked, standing, [everyone, high, granting])).toBeNull();
  });

  it('is ABOVE_BOT for a bot without roles', () => {
    expect(refusalOf(role('30'), bot({ botRoleIds: [] }))).toBe('ABOVE_BOT');
  });

  it('ignores deleted roles of the bot', () => {
    expect(refusalOf(role('30'), bot({ botRoleIds: ['77'] }))).toBe('ABOVE_BOT');
  });

  it('is null if the bot owns the guild, except for managed roles', () => {
    const standing = bot({ ownerId: '50', botRoleIds: [] });

    expect(refusalOf(role('30', { position: 99 }), standing)).toBeNull();
    expect(refusalOf(role('30', { isManaged: true }), standing)).toBe('MANAGED');
  });
});
