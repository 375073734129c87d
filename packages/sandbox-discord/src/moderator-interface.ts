import type {
  FullRole,
  SandboxApplication,
  SandboxGuild,
  SandboxInvite,
  SandboxUser,
} from './world.js';

/**
 * Edits that people make by hand in Discord's own client. Here they are made in the owner's name
 * unless another is given, without permission checks. Throws on unknown ids.
 */
export type SandboxModerator = {
  giveRole(which: MemberRole & ByActor): void;
  takeRole(which: MemberRole & ByActor): void;
  setNick(which: MemberKey & ByActor & { readonly nick: string | null }): void;
  kick(which: MemberKey & ByActor & { readonly reason?: string }): void;
  ban(which: MemberKey & ByActor & { readonly reason?: string }): void;
  unban(which: MemberKey & ByActor): void;
  /** The account leaves voluntarily: no audit entry, and no roles when it returns. */
  leave(which: MemberKey): void;
  /** The account must be among the world's users. It is pending if the guild has screening. */
  join(which: MemberKey): void;
  finishScreening(which: MemberKey): void;
  setTimeOut(which: MemberKey & ByActor & { readonly until: string | null }): void;
  addUser(user: SandboxUser): void;
  /** Changes an account, such as its `email`, `maxGuilds` or `isVerificationLocked`. */
  editUser(which: { readonly discordUserId: string } & Partial<SandboxUser>): void;
  /** Changes a guild's settings, such as `hasScreening`, `maxMembers` or `features`. */
  editGuild(
    which: { readonly guildId: string } & Partial<
      Pick<
        SandboxGuild,
        'name' | 'mfaLevel' | 'maxMembers' | 'hasScreening' | 'roleEndsScreening' | 'features'
      >
    >,
  ): void;
  /** Its bots are no longer in it; nothing of it is left. */
  deleteGuild(guildId: string): void;
  /** The guild accepts no more members until `editGuild` raises `maxMembers`. */
  makeGuildFull(guildId: string): void;
  /** By default the invite never expires and can be used any number of times. */
  createInvite(
    which: { readonly guildId: string } & Partial<SandboxInvite>,
  ): Required<SandboxInvite>;
  /** Deletes the invite, so that its code is unknown from now on. */
  expireInvite(code: string): void;
  createRole(
    which: {
      readonly guildId: string;
      readonly name: string;
    } & Partial<FullRole>,
  ): FullRole;
  editRole(
    which: RoleKey & Partial<Omit<FullRole, 'roleId' | 'position' | 'managed' | 'tags'>>,
  ): void;
  deleteRole(which: RoleKey): void;
  /** Moves the role to this position (1 is the lowest) and shifts the others. */
  moveRole(which: RoleKey & { readonly position: number }): void;
  /**
   * Changes an application as its owner does in the developer portal: redirect addresses, the
   * secret, …
   */
  editApplication(which: { readonly applicationId: string } & Partial<SandboxApplication>): void;
  setGuildMembersIntent(which: {
    readonly applicationId: string;
    readonly guildMembersIntent: boolean;
  }): void;
};

/** The account that the audit log names. Default: the owner. */
export type ByActor = { readonly actorId?: string | undefined };

export type MemberKey = {
  readonly guildId: string;
  readonly discordUserId: string;
};
export type RoleKey = { readonly guildId: string; readonly roleId: string };
export type MemberRole = MemberKey & RoleKey;
