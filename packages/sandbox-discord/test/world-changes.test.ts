import { AuditLogEvent } from 'discord-api-types/v10';
import { describe, expect, it } from 'vitest';

import { createLiveWorld, plainWorld } from '../src/live-world.js';
import { createModerator } from '../src/moderator.js';
import type { SandboxWorld } from '../src/world.js';
import type { WorldChange } from '../src/world-changes.js';
import {
  ANNA,
  anna,
  APPLICATION,
  BOT,
  GUILD,
  MINER,
  PILOT,
  smallWorld,
  standingClock,
  stranger,
} from './small-world.js';

function watchedWorld() {
  const { clock } = standingClock();
  const world = createLiveWorld(smallWorld(), clock);
  const changes: WorldChange[] = [];
  const stop = world.changes.onChange((change) => changes.push(change));
  const quirks = {
    unknownGuildCode: 10004,
    unknownRoleInPatchCode: 10011,
    managedRoleCode: 50013,
    keepsStaleRoleIds: false,
  } as const;
  const moderator = createModerator({ world, quirks, clock, onChange: () => undefined });
  const inWords = () =>
    changes.splice(0).map((change) => {
      if (change.kind === 'auditEntry') return `audit ${AuditLogEvent[change.entry.actionType]}`;
      if (!change.before) return `${change.kind} added`;
      return `${change.kind} ${change.after ? 'changed' : 'removed'}`;
    });
  return { world, moderator, changes, inWords, stop };
}

describe('a change of the world', () => {
  it.each<readonly [string, (by: ReturnType<typeof watchedWorld>['moderator']) => void, string[]]>([
    [
      'a role granted',
      (by) => by.giveRole({ ...anna, roleId: MINER }),
      ['member changed', 'audit MemberRoleUpdate'],
    ],
    [
      'a nickname',
      (by) => by.setNick({ ...anna, nick: 'Ann' }),
      ['member changed', 'audit MemberUpdate'],
    ],
    ['a new member', (by) => by.join(stranger), ['member added']],
    ['a member who leaves', (by) => by.leave(anna), ['member removed']],
    ['a kick', (by) => by.kick(anna), ['member removed', 'audit MemberKick']],
    ['a ban', (by) => by.ban(anna), ['ban added', 'member removed', 'audit MemberBanAdd']],
    [
      'a ban of an account outside the guild',
      (by) => by.ban(stranger),
      ['ban added', 'audit MemberBanAdd'],
    ],
    [
      'a new role',
      (by) => by.createRole({ guildId: GUILD, name: 'Guest' }),
      ['role added', 'audit RoleCreate'],
    ],
    [
      'a renamed role',
      (by) => by.editRole({ guildId: GUILD, roleId: MINER, name: 'Digger' }),
      ['role changed', 'audit RoleUpdate'],
    ],
    [
      'a deleted role, with its holders',
      (by) => by.deleteRole({ guildId: GUILD, roleId: PILOT }),
      ['role removed', 'member changed', 'member changed', 'audit RoleDelete'],
    ],
    [
      'two roles that change places, and no other',
      (by) => by.moveRole({ guildId: GUILD, roleId: MINER, position: 3 }),
      ['role changed', 'role changed', 'audit RoleUpdate'],
    ],
    ['a renamed guild', (by) => by.editGuild({ guildId: GUILD, name: 'New' }), ['guild changed']],
    [
      'a renamed account',
      (by) => by.editUser({ discordUserId: ANNA, username: 'ann' }),
      ['user changed'],
    ],
    [
      'an application that loses an intent',
      (by) => by.setGuildMembersIntent({ applicationId: APPLICATION, guildMembersIntent: false }),
      ['application changed'],
    ],
  ])('is published once: %s', (_, act, expected) => {
    const { moderator, inWords } = watchedWorld();

    act(moderator);

    expect(inWords()).toEqual(expected);
  });

  it('carries the record as it was and as it is', () => {
    const { moderator, changes } = watchedWorld();

    moderator.giveRole({ ...anna, roleId: MINER });

    expect(changes[0]).toMatchObject({
      kind: 'member',
      guildId: GUILD,
      before: { discordUserId: ANNA, roleIds: [PILOT] },
      after: { discordUserId: ANNA, roleIds: [PILOT, MINER] },
    });
  });

  it('is not published when a record is set to what it was', () => {
    const { moderator, inWords } = watchedWorld();

    moderator.setNick({ ...anna, nick: null });

    expect(inWords()).toEqual(['audit MemberUpdate']);
  });

  it('reaches a listener until it stops listening', () => {
    const { moderator, inWords, stop } = watchedWorld();
    moderator.leave(anna);
    stop();

    moderator.join(stranger);

    expect(inWords()).toEqual(['member removed']);
  });

  it('leaves no trace in the saved world but its outcome', () => {
    const { world, moderator } = watchedWorld();
    moderator.giveRole({ ...anna, roleId: MINER });

    const saved: Required<SandboxWorld> = JSON.parse(JSON.stringify(plainWorld(world)));

    expect(saved.guilds[0]?.members).toContainEqual(
      expect.objectContaining({ discordUserId: ANNA, roleIds: [PILOT, MINER] }),
    );
    expect(Object.keys(saved)).not.toContain('changes');
    expect(saved.users).toContainEqual(expect.objectContaining({ discordUserId: BOT }));
  });
});
