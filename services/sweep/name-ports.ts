/** Data for the nickname sweep: the client and its members. */
import type {
  Attributes,
  DiscordUserId,
  GuildId,
  NicknameStrategy,
  PlatformUserId,
  RenameRefusal,
  RoleId,
} from '../model.js';

/** The rules that name a client's members, and which members its bot cannot rename. */
export interface NameRules {
  readonly policy: {
    readonly strategy: NicknameStrategy;
    readonly template: string | null;
  };
  /** Renaming is off, whatever the policy. */
  readonly isObserved: boolean;
  /**
   * Members who have not passed Discord's membership screening keep their names until they have.
   */
  readonly waitsForScreening: boolean;
  readonly guildId: GuildId;
  readonly ownerId: DiscordUserId | null;
  readonly refusals: ReadonlyMap<RoleId, RenameRefusal>;
}

export interface NamedMember {
  readonly discordUserId: DiscordUserId;
  readonly platformUserId: PlatformUserId;
  readonly person: {
    readonly username: string | null;
    readonly attributes: Attributes;
  };
  readonly isPresent: boolean;
  readonly isPending: boolean;
  readonly roleIds: readonly RoleId[];
  readonly shown: {
    readonly nickname: string | null;
    readonly displayName: string | null;
    readonly username: string | null;
  };
  readonly refusedBefore: string | null;
  /** The member's current reason. */
  readonly reason: string | null;
}

/** Pure: the nickname to set, null for none; and why none can be set that should be. */
export type PlanNickname = (
  rules: NameRules,
  member: Omit<NamedMember, 'reason'>,
) => {
  readonly nickname: string | null;
  readonly nicknameBlocked: string | null;
  readonly isWithheld: boolean;
};
