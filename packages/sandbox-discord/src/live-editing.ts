import { AuditLogEvent } from 'discord-api-types/v10';

import { writeAudit } from './audit-log.js';
import { removeMember, saveMember, type LiveGuild, type LiveWorld } from './live-world.js';
import type { ByActor, MemberKey, RoleKey } from './moderator-interface.js';
import { roleChange, roleChangesOnWire } from './role-change.js';
import type { SandboxQuirks } from './sandbox-interface.js';
import type { FullMember, FullRole, SandboxAuditChange } from './world.js';

export type EditingDeps = {
  readonly world: LiveWorld;
  readonly quirks: SandboxQuirks;
  readonly clock: () => number;
  readonly onChange: () => void;
};

/**
 * The common part of all manual edits: finds the record or throws, changes it, and writes an audit
 * log entry, by default in the owner's name.
 */
export function createLiveEditing({ world, onChange }: EditingDeps) {
  const guildOf = (guildId: string): LiveGuild => found(world.guilds, guildId, 'guild');
  const memberOf = ({ guildId, discordUserId }: MemberKey): FullMember =>
    found(guildOf(guildId).members, discordUserId, `member of guild ${guildId}`);
  const roleOf = ({ guildId, roleId }: RoleKey): FullRole =>
    found(guildOf(guildId).roles, roleId, `role of guild ${guildId}`);

  const checkActor = ({ actorId }: ByActor): void => {
    if (actorId !== undefined) found(world.users, actorId, 'account');
  };

  const note = (guild: LiveGuild, entry: Noted): void => {
    const { reason, actorId, ...rest } = entry;
    const by = { actorId: actorId ?? guild.ownerId, reason };
    writeAudit(world, { guild, entries: [rest] }, by);
    onChange();
  };

  return {
    guildOf,
    memberOf,
    roleOf,
    note,
    /** Throws if the named account does not exist: call it before the change. */
    checkActor,
    setRoles: (
      which: MemberKey & ByActor,
      roleIdsFrom: (held: readonly string[]) => readonly string[],
    ): void => {
      const guild = guildOf(which.guildId);
      checkActor(which);
      const before = memberOf(which);
      const roleIds = roleIdsFrom(before.roleIds);
      const changes = roleChangesOnWire(guild, roleChange(before, roleIds));
      if (changes.length === 0) return;
      saveMember(guild, { ...before, roleIds });
      const actionType = AuditLogEvent.MemberRoleUpdate;
      note(guild, { actionType, targetId: which.discordUserId, actorId: which.actorId, changes });
    },
    setFields: (
      which: MemberKey & ByActor,
      fields: Partial<FullMember>,
      change: SandboxAuditChange,
    ): void => {
      const guild = guildOf(which.guildId);
      checkActor(which);
      saveMember(guild, { ...memberOf(which), ...fields });
      const actionType = AuditLogEvent.MemberUpdate;
      const targetId = which.discordUserId;
      note(guild, { actionType, targetId, actorId: which.actorId, changes: [change] });
    },
    remove: (which: MemberKey & ByActor & WithReason, actionType: number): void => {
      const guild = guildOf(which.guildId);
      checkActor(which);
      const { discordUserId: targetId, actorId, reason } = which;
      removeMember(guild, targetId);
      note(guild, { actionType, targetId, actorId, reason });
    },
  };
}

export type LiveEditing = ReturnType<typeof createLiveEditing>;

type WithReason = { readonly reason?: string | undefined };
type Noted = WithReason & {
  readonly actorId?: string | undefined;
  readonly actionType: number;
  readonly targetId: string;
  readonly changes?: readonly SandboxAuditChange[];
};

export function found<T>(from: ReadonlyMap<string, T>, id: string, what: string): T {
  const one = from.get(id);
  if (one === undefined) throw new Error(`there is no ${what} with id ${id}`);
  return one;
}
