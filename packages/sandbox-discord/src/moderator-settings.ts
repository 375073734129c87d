import { found, type EditingDeps, type LiveEditing } from './live-editing.js';
import type { SandboxModerator } from './moderator-interface.js';
import { fullInvite, fullUser } from './world-defaults.js';

/** Edits of accounts, guilds, invites and applications, rather than members. */
export function createSettingsModerator(
  { guildOf }: LiveEditing,
  { world, clock, onChange }: EditingDeps,
) {
  const { applications, guilds, invites, users } = world;
  const editGuild: SandboxModerator['editGuild'] = (changes) => {
    guilds.set(changes.guildId, { ...guildOf(changes.guildId), ...changes });
    onChange();
  };
  const editApplication: SandboxModerator['editApplication'] = (changes) => {
    const { applicationId } = changes;
    const application = found(applications, applicationId, 'application');
    applications.set(applicationId, { ...application, ...changes });
    onChange();
  };

  return {
    addUser(user) {
      users.set(user.discordUserId, fullUser(user));
      onChange();
    },
    editUser(changes) {
      const user = found(users, changes.discordUserId, 'account');
      users.set(changes.discordUserId, { ...user, ...changes });
      onChange();
    },
    editGuild,
    deleteGuild(guildId) {
      guilds.delete(guildOf(guildId).guildId);
      onChange();
    },
    makeGuildFull(guildId) {
      editGuild({ guildId, maxMembers: guildOf(guildId).members.size });
    },
    createInvite({ guildId, ...wanted }) {
      guildOf(guildId);
      const code = world.nextSecret().slice(0, 10);
      const invite = fullInvite({ code, guildId, ...wanted }, clock());
      invites.set(invite.code, invite);
      onChange();
      return invite;
    },
    expireInvite(code) {
      found(invites, code, 'invite');
      invites.delete(code);
      onChange();
    },
    editApplication,
    setGuildMembersIntent: editApplication,
  } satisfies Partial<SandboxModerator>;
}
