import { AuditLogEvent, GatewayDispatchEvents } from 'discord-api-types/v10';
import { z } from 'zod';

import type { DiscordUserId, GuildId } from '../../model.js';
import { SINGLE_BYTES } from '../rest/calls.js';
import { memberPayload, presentMember, snowflake } from '../rest/payloads.js';
import type { HandEntry, LiveChange, LiveEvent } from './ports.js';

/** An event as Discord sent it. */
export interface Dispatch {
  /** `GUILD_MEMBER_UPDATE` */
  readonly name: string;
  readonly body: unknown;
  /** The length of the frame in characters. */
  readonly length: number;
}

/**
 * `irrelevant`: no kind of event that is read, or an audit log entry of the bot itself.
 * `unreadable`: a change was missed. `reason` names fields, but never their values.
 */
export type EventReading =
  | { readonly kind: 'event'; readonly event: LiveEvent }
  | { readonly kind: 'irrelevant' }
  | {
      readonly kind: 'unreadable';
      readonly name: string;
      /** Null: the event does not name its guild. */
      readonly guildId: GuildId | null;
      readonly reason: string;
    };

/** Reads what an event says about a guild. Never throws, whatever the body is. */
export function readEvent(dispatch: Dispatch, botUserId: DiscordUserId): EventReading {
  const read = READERS[dispatch.name];
  if (!read) return IRRELEVANT;
  const isTooLong = dispatch.length > SINGLE_BYTES && !WHOLE_GUILDS.has(dispatch.name);
  return isTooLong ? unreadable(dispatch, 'too long') : read(dispatch, botUserId);
}

type Reader = (dispatch: Dispatch, botUserId: DiscordUserId) => EventReading;

const IRRELEVANT: EventReading = { kind: 'irrelevant' };
/** These events contain the whole guild; every other event is one small object. */
const WHOLE_GUILDS: ReadonlySet<string> = new Set([
  GatewayDispatchEvents.GuildCreate,
  GatewayDispatchEvents.GuildUpdate,
]);

const READERS: Readonly<Record<string, Reader | undefined>> = Object.assign(Object.create(null), {
  [GatewayDispatchEvents.GuildMemberAdd]: readMember,
  [GatewayDispatchEvents.GuildMemberUpdate]: readMember,
  [GatewayDispatchEvents.GuildMemberRemove]: readDeparture,
  [GatewayDispatchEvents.GuildBanAdd]: readBan,
  [GatewayDispatchEvents.GuildBanRemove]: readBan,
  [GatewayDispatchEvents.GuildRoleCreate]: readRole,
  [GatewayDispatchEvents.GuildRoleUpdate]: readRole,
  [GatewayDispatchEvents.GuildRoleDelete]: readRole,
  [GatewayDispatchEvents.GuildCreate]: readArrival,
  [GatewayDispatchEvents.GuildUpdate]: readUpdate,
  [GatewayDispatchEvents.GuildDelete]: readGuildDelete,
  [GatewayDispatchEvents.GuildAuditLogEntryCreate]: readAuditEntry,
} satisfies Record<string, Reader>);

const inGuild = z.object({ guild_id: snowflake });
const memberInGuild = memberPayload.extend(inGuild.shape);
const userInGuild = inGuild.extend({ user: z.object({ id: snowflake }) });
const guildItself = z.object({ id: snowflake, unavailable: z.boolean().nullish() });

function readMember(dispatch: Dispatch, botUserId: DiscordUserId): EventReading {
  return parse(dispatch, memberInGuild, (body) => {
    const discordUserId = body.user.id;
    if (discordUserId === botUserId) return { kind: 'rolesChanged' };
    const hasJoined = dispatch.name === GatewayDispatchEvents.GuildMemberAdd.valueOf();
    return { kind: 'memberShown', discordUserId, member: presentMember(body), hasJoined };
  });
}

/** GUILD_DELETE reports that the bot itself was removed. */
function readDeparture(dispatch: Dispatch, botUserId: DiscordUserId): EventReading {
  return parse(dispatch, userInGuild, ({ user: { id: discordUserId } }) =>
    discordUserId === botUserId ? null : { kind: 'memberLeft', discordUserId },
  );
}

function readBan(dispatch: Dispatch): EventReading {
  const isBanned = dispatch.name === GatewayDispatchEvents.GuildBanAdd.valueOf();
  return parse(dispatch, userInGuild, ({ user: { id: discordUserId } }) => ({
    kind: 'ban',
    discordUserId,
    isBanned,
  }));
}

function readRole(dispatch: Dispatch): EventReading {
  return parse(dispatch, inGuild, () => ({ kind: 'rolesChanged' }));
}

function readArrival(dispatch: Dispatch): EventReading {
  return parse(dispatch, guildItself, ({ unavailable }) => ({
    kind: unavailable === true ? 'guildUnavailable' : 'guildAvailable',
  }));
}

/** The guild may have another owner, whom no bot can rename. */
function readUpdate(dispatch: Dispatch): EventReading {
  return parse(dispatch, guildItself, () => ({ kind: 'rolesChanged' }));
}

/** Without `unavailable`, the bot is no longer in the guild. */
function readGuildDelete(dispatch: Dispatch): EventReading {
  return parse(dispatch, guildItself, ({ unavailable }) => ({
    kind: unavailable === true ? 'guildUnavailable' : 'guildLeft',
  }));
}

const anyEntry = inGuild.extend({ action_type: z.number(), user_id: snowflake.nullish() });

const roleChange = z.object({
  key: z.enum(['$add', '$remove']),
  new_value: z.array(z.object({ id: snowflake })),
});

/** A change of anything else may have any form. */
const otherChange = z.object({ key: z.string().refine((key) => !/^\$(add|remove)$/.test(key)) });

const memberEntry = anyEntry.extend({
  id: snowflake,
  target_id: snowflake,
  changes: z.array(z.union([roleChange, otherChange])).nullish(),
});

function readAuditEntry(dispatch: Dispatch, botUserId: DiscordUserId): EventReading {
  const kind = anyEntry.safeParse(dispatch.body).data;
  const isOurs = kind?.user_id === botUserId;
  if (kind && (isOurs || !MEMBER_ENTRIES.has(kind.action_type))) return IRRELEVANT;
  return parse(dispatch, memberEntry, (entry) => handEntry(entry));
}

/** MEMBER_UPDATE reports a nickname, besides much else. */
const MEMBER_ENTRIES: ReadonlySet<number> = new Set([
  AuditLogEvent.MemberUpdate,
  AuditLogEvent.MemberRoleUpdate,
]);

function handEntry(entry: z.infer<typeof memberEntry>): HandEntry | null {
  const changes = entry.changes ?? [];
  const rolesOf = (key: '$add' | '$remove') =>
    changes.flatMap((change) =>
      'new_value' in change && change.key === key ? change.new_value.map(({ id }) => id) : [],
    );
  const added = rolesOf('$add');
  const removed = rolesOf('$remove');
  const isAboutNickname = changes.some(({ key }) => key === 'nick');
  if (added.length + removed.length === 0 && !isAboutNickname) return null;
  return {
    kind: 'handEntry',
    entryId: entry.id,
    discordUserId: entry.target_id,
    byDiscordUserId: entry.user_id ?? null,
    added,
    removed,
  };
}

/** `toChange` returns null if the event changes nothing for the connector. */
function parse<T extends { guild_id: GuildId } | { id: GuildId }>(
  dispatch: Dispatch,
  schema: z.ZodType<T>,
  toChange: (body: T) => LiveChange | null,
): EventReading {
  const parsed = schema.safeParse(dispatch.body);
  if (!parsed.success) {
    const fields = parsed.error.issues.map(({ path }) => String(path[0] ?? 'body'));
    return unreadable(dispatch, [...new Set(fields)].toSorted().join(', '));
  }
  const { data } = parsed;
  const change = toChange(data);
  if (change === null) return IRRELEVANT;
  const guildId = 'guild_id' in data ? data.guild_id : data.id;
  return { kind: 'event', event: { guildId, change } };
}

function unreadable({ name, body }: Dispatch, reason: string): EventReading {
  const guildId = inGuild.safeParse(body).data?.guild_id ?? null;
  return { kind: 'unreadable', name, guildId, reason };
}
