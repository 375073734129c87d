import { AuditLogEvent, PermissionFlagsBits } from 'discord-api-types/v10';

import {
  demand,
  demandRoles,
  memberNamed,
  standingOf,
  type ApiCall,
  type AuditDraft,
  type Decision,
  type Standing,
} from './api-call.js';
import {
  flag,
  nullable,
  readForm,
  snowflake,
  snowflakes,
  text,
  timestamp,
  wholeNumber,
} from './form.js';
import { imageHash } from './image.js';
import { afterGrants, saveMember, type LiveGuild } from './live-world.js';
import { MAX_NICK_LENGTH, normaliseNick } from './nickname.js';
import { canActOn, permissionsOf } from './permissions.js';
import { invalidField, missingPermissions, notInVoice } from './refusal.js';
import {
  demandRolesWithinReach,
  roleChange,
  roleChangesOnWire,
  withoutEveryone,
} from './role-change.js';
import { memberOnWire } from './wire.js';
import type { FullMember, SandboxAuditChange } from './world.js';

type MemberForm = {
  readonly nick: string | null;
  readonly roles: readonly string[] | null;
  readonly mute: boolean | null;
  readonly deaf: boolean | null;
  readonly channel_id: string | null;
  readonly communication_disabled_until: string | null;
  readonly flags: number | null;
};

/**
 * `roles` is the complete list, not a difference. A missing field leaves its value unchanged, and
 * so does `roles: null`.
 */
export function patchMember(call: ApiCall): Decision {
  const standing = standingOf(call);
  const form = readForm<MemberForm>(call.body, {
    nick: NICK,
    roles: nullable(snowflakes({ max: 350 })),
    mute: nullable(flag),
    deaf: nullable(flag),
    channel_id: nullable(snowflake),
    communication_disabled_until: nullable(timestamp),
    flags: nullable(wholeNumber({ min: 0, max: 2 ** 31 - 1 })),
  });
  const before = memberNamed(call, standing.guild);
  demandFields(call, standing, form, before);
  const roleIds = form.roles ? withoutEveryone(standing.guild, form.roles) : before.roleIds;
  demandRolesWithinReach(call, standing, roleChange(before, roleIds));
  return decided(call, standing.guild, before, {
    ...before,
    roleIds,
    nick: form.nick === undefined ? before.nick : normaliseNick(form.nick),
    communicationDisabledUntil:
      form.communication_disabled_until === undefined
        ? before.communicationDisabledUntil
        : form.communication_disabled_until,
    flags: withBypass(before.flags, form.flags),
  });
}

type SelfForm = {
  readonly nick: string | null;
  readonly avatar: string | null;
  readonly banner: string | null;
  readonly bio: string | null;
};

const MAX_BIO_LENGTH = 190;

/**
 * Changes the bot's own profile in this guild. Its nickname needs a different permission than other
 * members' nicknames, and the bot's highest role does not matter. Avatar, banner and bio need no
 * permission.
 */
export function patchSelf(call: ApiCall): Decision {
  const standing = standingOf(call);
  const { guild, self } = standing;
  const { nick, ...profile } = readForm<SelfForm>(call.body, {
    nick: NICK,
    avatar: nullable(imageHash),
    banner: nullable(imageHash),
    bio: nullable(text({ max: MAX_BIO_LENGTH })),
  });
  if (nick !== undefined) demand(call, standing, PermissionFlagsBits.ChangeNickname);
  return decided(call, guild, self, {
    ...self,
    ...profile,
    nick: nick === undefined ? self.nick : normaliseNick(nick),
  });
}

/** The same change, answered with the nickname alone. */
export function patchOwnNick(call: ApiCall): Decision {
  const form = readForm<Pick<SelfForm, 'nick'>>(call.body, { nick: NICK });
  const { nick = standingOf(call).self.nick } = form;
  return { ...patchSelf({ ...call, body: form }), body: { nick: normaliseNick(nick) } };
}

const NICK = nullable(text({ max: MAX_NICK_LENGTH }));

function demandFields(
  call: ApiCall,
  standing: Standing,
  form: Partial<MemberForm>,
  target: FullMember,
): void {
  const { guild, self } = standing;
  if (form.roles) demandRoles(call, standing);
  if (form.nick !== undefined) {
    demand(call, standing, PermissionFlagsBits.ManageNicknames);
    const isSelf = target.discordUserId === self.discordUserId;
    if (!isSelf && !canActOn(guild, self, target)) throw missingPermissions();
  }
  if (typeof form.mute === 'boolean') demand(call, standing, PermissionFlagsBits.MuteMembers);
  if (typeof form.deaf === 'boolean') demand(call, standing, PermissionFlagsBits.DeafenMembers);
  // No member is ever connected to voice here, so none can be muted, deafened or moved.
  const isVoiceChange = [form.mute, form.deaf].some((one) => typeof one === 'boolean');
  if (isVoiceChange || form.channel_id !== undefined) throw notInVoice();
  if (form.communication_disabled_until !== undefined)
    demandTimeOut(call, standing, target, form.communication_disabled_until);
  if (typeof form.flags === 'number') demandFlags(call, standing);
}

const LONGEST_TIME_OUT_MS = 28 * 24 * 60 * 60 * 1000;

function demandTimeOut(
  call: ApiCall,
  standing: Standing,
  target: FullMember,
  until: string | null,
): void {
  const { guild, self } = standing;
  demand(call, standing, PermissionFlagsBits.ModerateMembers);
  if (!canActOn(guild, self, target)) throw missingPermissions();
  if (until === null) return;
  if (permissionsOf(guild, target, call.now) & PermissionFlagsBits.Administrator)
    throw missingPermissions();
  if (Date.parse(until) > call.now + LONGEST_TIME_OUT_MS)
    throw invalidField('communication_disabled_until', {
      code: 'DATE_TIME_TYPE_MAX',
      message: 'A member cannot be timed out for more than 28 days.',
    });
}

/** Setting flags needs one of two permissions, or three others together. */
function demandFlags(call: ApiCall, standing: Standing): void {
  const { ManageGuild, ManageRoles, ModerateMembers, KickMembers, BanMembers } =
    PermissionFlagsBits;
  if (standing.permissions & (ManageGuild | ManageRoles)) return;
  for (const bit of [ModerateMembers, KickMembers, BanMembers]) demand(call, standing, bit);
}

const BYPASSES_VERIFICATION = 4;

/** Applies the wanted BYPASSES_VERIFICATION, the only flag that can be edited. */
function withBypass(before: number, wanted: number | null | undefined): number {
  if (typeof wanted !== 'number') return before;
  return (before & ~BYPASSES_VERIFICATION) | (wanted & BYPASSES_VERIFICATION);
}

function decided(call: ApiCall, guild: LiveGuild, before: FullMember, after: FullMember): Decision {
  const audit = auditOf(guild, before, after);
  const decision = {
    status: 200,
    body: memberOnWire(call.world, afterGrants(guild, after)),
  };
  if (audit.entries.length === 0) return decision;
  return { ...decision, change: () => saveMember(guild, after), audit };
}

function auditOf(guild: LiveGuild, before: FullMember, after: FullMember): AuditDraft {
  const targetId = after.discordUserId;
  const fields: SandboxAuditChange[] = (
    [
      ['nick', before.nick, after.nick],
      ['flags', before.flags, after.flags],
      ['avatar_hash', before.avatar, after.avatar],
      ['banner_hash', before.banner, after.banner],
      ['bio', before.bio, after.bio],
      [
        'communication_disabled_until',
        before.communicationDisabledUntil,
        after.communicationDisabledUntil,
      ],
    ] as const
  ).flatMap(([key, old_value, new_value]) =>
    old_value === new_value ? [] : [{ key, old_value, new_value }],
  );
  const roles = roleChangesOnWire(guild, roleChange(before, after.roleIds));
  return {
    guild,
    entries: [
      ...(roles.length > 0
        ? [
            {
              actionType: AuditLogEvent.MemberRoleUpdate,
              targetId,
              changes: roles,
            },
          ]
        : []),
      ...(fields.length > 0
        ? [
            {
              actionType: AuditLogEvent.MemberUpdate,
              targetId,
              changes: fields,
            },
          ]
        : []),
    ],
  };
}
