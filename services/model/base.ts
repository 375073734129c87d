/** Ids, and the cause of a change: what the model and the facts are both made of. */
type Brand<Name extends string> = string & { readonly brand?: Name };

/** UUIDv7s of ours. */
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
  /** A person has asked for this one member by name: the guard leaves the removals to them. */
  readonly isAskedFor?: true;
  /** For a sweep: read the member from Discord, whatever the mirror says. */
  readonly looksAnew?: true;
  /** Of a fact about a person: nothing but their nickname may follow from it. */
  readonly isAboutName?: true;
  /** Of a sweep: nicknames are made by this strategy, in place of the client's own. */
  readonly enforceStrategy?: NicknameStrategy;
  /** The trace that it came with, or began: a W3C `traceparent`. */
  readonly traceparent?: string;
}
