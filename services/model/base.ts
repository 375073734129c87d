/** Ids and causes, used by both the model and the facts. */
type Brand<Name extends string> = string & { readonly brand?: Name };

/** The connector's own ids: UUIDv7. */
export type ClientId = Brand<'ClientId'>;
export type LinkId = Brand<'LinkId'>;
export type MappingId = Brand<'MappingId'>;
export type AuditRecordId = Brand<'AuditRecordId'>;

/** The platform's ids: opaque strings. */
export type PlatformUserId = Brand<'PlatformUserId'>;
export type GroupId = Brand<'GroupId'>;

/** Discord's ids: decimal strings of 64 bits, never numbers. */
export type GuildId = Brand<'GuildId'>;
export type RoleId = Brand<'RoleId'>;
export type DiscordUserId = Brand<'DiscordUserId'>;

export type NicknameStrategy = 'NONE' | 'TEMPLATE' | 'EVE_ONLINE';

/**
 * Why a member is reconciled; shown in the audit record. `groupId` is set if a fact about that
 * group is the cause.
 */
export interface Cause {
  readonly kind: 'EVENT' | 'MUTATION' | 'SWEEP' | 'DISCORD' | 'REPAIR';
  /**
   * The id of the CloudEvent or of the API request. DISCORD: the id of the guild's audit log entry,
   * or the name of the gateway event if the entry is not known.
   */
  readonly id: string;
  /**
   * The CloudEvent's source, or the name of the API caller. DISCORD: who made the change, or
   * `Discord` if that is not known.
   */
  readonly actor: string;
  readonly groupId?: GroupId;
  /**
   * A person requested this change for one particular member, so its removals join no held plan.
   */
  readonly isAskedFor?: true;
  /** For a sweep: read the member from Discord even if the mirror looks current. */
  readonly looksAnew?: true;
  /** The cause is a fact about the user, which can change only the nickname. */
  readonly isAboutName?: true;
  /**
   * A postponed run already wrote the roles of this cause's group, so they need no confirming
   * write.
   */
  readonly isWritten?: true;
  /** For a sweep: nicknames follow this strategy instead of the client's own. */
  readonly enforceStrategy?: NicknameStrategy;
  /** The sweep is ENFORCE_NICKNAMES: it also sets nicknames that others keep changing. */
  readonly enforcesNicknames?: true;
  /** The W3C `traceparent` of the trace the cause belongs to. */
  readonly traceparent?: string;
}
