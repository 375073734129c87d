import type {
  FullRole,
  SandboxApplication,
  SandboxGuild,
  SandboxInvite,
  SandboxUser,
} from './world.js';

/**
 * What people do by hand in Discord's own client. Done in the owner's name; no permission is asked.
 * Throws on unknown ids.
 */
export type SandboxModerator = {
  giveRole(which: MemberRole): void;
  takeRole(which: MemberRole): void;
  setNick(which: MemberKey & { readonly nick: string | null }): void;
  kick(which: MemberKey & { readonly reason?: string }): void;
  ban(which: MemberKey & { readonly reason?: string }): void;
  unban(which: MemberKey): void;
  /** Goes of their own accord: no audit entry, no roles when they come back. */
  leave(which: MemberKey): void;
  /** The account must be among the world's users; pending where the guild screens. */
  join(which: MemberKey): void;
  finishScreening(which: MemberKey): void;
  setTimeOut(which: MemberKey & { readonly until: string | null }): void;
  addUser(user: SandboxUser): void;
  /** An address, a limit of guilds, a lock: whatever it is that changes about an account. */
  editUser(which: { readonly discordUserId: string } & Partial<SandboxUser>): void;
  /** `hasScreening`, `roleEndsScreening`, `maxMembers`, … */
  editGuild(
    which: { readonly guildId: string } & Partial<
      Pick<SandboxGuild, 'name' | 'mfaLevel' | 'maxMembers' | 'hasScreening' | 'roleEndsScreening'>
    >,
  ): void;
  /** Nobody fits in any more, until `editGuild` raises `maxMembers`. */
  makeGuildFull(guildId: string): void;
  /** Lasts for ever and can be used without end unless told otherwise. */
  createInvite(
    which: { readonly guildId: string } & Partial<SandboxInvite>,
  ): Required<SandboxInvite>;
  /** From now on nobody knows it. */
  expireInvite(code: string): void;
  createRole(
    which: {
      readonly guildId: string;
      readonly name: string;
    } & Partial<FullRole>,
  ): FullRole;
  editRole(
    which: RoleKey &
      Partial<Pick<FullRole, 'name' | 'permissions' | 'color' | 'hoist' | 'mentionable'>>,
  ): void;
  deleteRole(which: RoleKey): void;
  /** Puts the role at this place (1 is the lowest) and moves the others up or down. */
  moveRole(which: RoleKey & { readonly position: number }): void;
  /** What its owner does on the developers' pages: redirect addresses, the secret, … */
  editApplication(which: { readonly applicationId: string } & Partial<SandboxApplication>): void;
  setGuildMembersIntent(which: {
    readonly applicationId: string;
    readonly guildMembersIntent: boolean;
  }): void;
};

export type MemberKey = {
  readonly guildId: string;
  readonly discordUserId: string;
};
export type RoleKey = { readonly guildId: string; readonly roleId: string };
export type MemberRole = MemberKey & RoleKey;
