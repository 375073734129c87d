import { AuditLogEvent } from 'discord-api-types/v10';

import { createLiveEditing, found, type EditingDeps, type LiveEditing } from './live-editing.js';
import { banAccount, newMember, removeMember, saveMember, unbanAccount } from './live-world.js';
import type { SandboxModerator } from './moderator-interface.js';
import { createRoleModerator } from './moderator-roles.js';
import { normaliseNick } from './nickname.js';
import { createSettingsModerator } from './moderator-settings.js';

/** Performs manual edits as a person does in Discord's own client. */
export function createModerator(deps: EditingDeps): SandboxModerator {
  const editing = createLiveEditing(deps);
  return {
    ...forMembers(editing),
    ...comingAndGoing(editing, deps),
    ...createRoleModerator(editing, deps),
    ...createSettingsModerator(editing, deps),
  };
}

function forMembers({ memberOf, roleOf, setRoles, setFields }: LiveEditing) {
  return {
    giveRole(which) {
      roleOf(which);
      setRoles(which, (held) => [...new Set([...held, which.roleId])]);
    },
    takeRole(which) {
      setRoles(which, (held) => held.filter((one) => one !== which.roleId));
    },
    setNick(which) {
      const old_value = memberOf(which).nick;
      const nick = normaliseNick(which.nick);
      setFields(which, { nick }, { key: 'nick', old_value, new_value: nick });
    },
    setTimeOut(which) {
      setFields(
        which,
        { communicationDisabledUntil: which.until },
        { key: 'communication_disabled_until', new_value: which.until },
      );
    },
  } satisfies Partial<SandboxModerator>;
}

function comingAndGoing(editing: LiveEditing, deps: EditingDeps) {
  const { guildOf, memberOf, checkActor, note, remove } = editing;
  return {
    kick(which) {
      memberOf(which);
      remove(which, AuditLogEvent.MemberKick);
    },
    ban(which) {
      const { discordUserId: targetId, actorId, reason } = which;
      const guild = guildOf(which.guildId);
      checkActor(which);
      banAccount(guild, { discordUserId: targetId, reason: reason ?? null });
      note(guild, { actionType: AuditLogEvent.MemberBanAdd, targetId, actorId, reason });
    },
    unban({ guildId, discordUserId: targetId, actorId }) {
      const guild = guildOf(guildId);
      checkActor({ actorId });
      unbanAccount(guild, targetId);
      note(guild, { actionType: AuditLogEvent.MemberBanRemove, targetId, actorId });
    },
    leave(which) {
      memberOf(which);
      removeMember(guildOf(which.guildId), which.discordUserId);
      deps.onChange();
    },
    join({ guildId, discordUserId }) {
      const guild = guildOf(guildId);
      found(deps.world.users, discordUserId, 'account');
      if (guild.bans.has(discordUserId))
        throw new Error(`account ${discordUserId} is banned from guild ${guildId}`);
      if (guild.members.has(discordUserId)) return;
      saveMember(guild, newMember(guild, discordUserId, deps.clock()));
      deps.onChange();
    },
    finishScreening(which) {
      const member = { ...memberOf(which), pending: false };
      saveMember(guildOf(which.guildId), member);
      deps.onChange();
    },
  } satisfies Partial<SandboxModerator>;
}
