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
  readonly kind: 'EVENT' | 'MUTATION' | 'SWEEP' | 'REPAIR';
  /** The CloudEvent's id, or the request's. */
  readonly id: string;
  /** The CloudEvent's source, or the caller's name. */
  readonly actor: string;
  readonly groupId?: GroupId;
  /** A person requested this for one member by name, so its removals join no held plan. */
  readonly isAskedFor?: true;
  /** For a sweep: read the member from Discord, whatever the mirror says. */
  readonly looksAnew?: true;
  /** For a fact about a person: only their nickname may change. */
  readonly isAboutName?: true;
  /** The roles of its group were written by a postponed run, so they need no confirming write. */
  readonly isWritten?: true;
  /** For a sweep: nicknames follow this strategy instead of the client's own. */
  readonly enforceStrategy?: NicknameStrategy;
  /** The trace it came with or started: a W3C `traceparent`. */
  readonly traceparent?: string;
}
