import { AuditLogEvent, PermissionFlagsBits } from 'discord-api-types/v10';

import {
  demand,
  memberAsRead,
  memberNamed,
  standingOf,
  type ApiCall,
  type Decision,
} from './api-call.js';
import { memberOrder, removeMember, type LiveGuild } from './live-world.js';
import { joinMember } from './member-join.js';
import { hasNamePrefix } from './member-names.js';
import { patchMember, patchOwnNick, patchSelf } from './member-patch.js';
import { canActOn } from './permissions.js';
import { snowflakeOf, wholeNumberOf } from './query.js';
import { invalidField, missingAccess, missingPermissions } from './refusal.js';
import type { Route } from './route.js';
import { compareSnowflakes } from './snowflake.js';
import { memberOnWire } from './wire.js';
import type { FullMember } from './world.js';

const MEMBERS = '/guilds/{guild_id}/members';
const MEMBER = `${MEMBERS}/{user_id}`;

/** Listing, reading, changing, adding and removing members. */
export const memberRoutes: readonly Route[] = [
  { method: 'GET', template: MEMBERS, decide: listMembers },
  { method: 'GET', template: `${MEMBERS}/search`, decide: searchMembers },
  { method: 'PATCH', template: `${MEMBERS}/@me`, decide: patchSelf },
  // Deprecated, and what older clients call.
  { method: 'PATCH', template: `${MEMBERS}/@me/nick`, decide: patchOwnNick },
  { method: 'GET', template: MEMBER, limit: 'memberGet', decide: getMember },
  {
    method: 'PATCH',
    template: MEMBER,
    limit: 'memberPatch',
    decide: patchMember,
  },
  { method: 'PUT', template: MEMBER, limit: 'memberJoin', decide: joinMember },
  { method: 'DELETE', template: MEMBER, decide: kickMember },
];

function getMember(call: ApiCall): Decision {
  const { guild } = standingOf(call);
  return {
    status: 200,
    body: memberOnWire(call.world, memberNamed(call, guild)),
  };
}

function listMembers(call: ApiCall): Decision {
  const { guild } = standingOf(call);
  const limit = wholeNumberOf(call.query, 'limit', {
    min: 1,
    max: 1000,
    fallback: 1,
  });
  const after = snowflakeOf(call.query, 'after') ?? '0';
  // Only lists need the privileged intent; single members and searches do not.
  if (!call.caller.application.guildMembersIntent) throw missingAccess();
  const ids = memberOrder(guild);
  const start = firstAfter(ids, after);
  const page = membersOf(call, guild, ids.slice(start, start + limit));
  return {
    status: 200,
    body: page.map((one) => memberOnWire(call.world, one)),
  };
}

function searchMembers(call: ApiCall): Decision {
  const { guild } = standingOf(call);
  const limit = wholeNumberOf(call.query, 'limit', {
    min: 1,
    max: 1000,
    fallback: 1,
  });
  const wanted = call.query.get('query') ?? '';
  if (wanted === '')
    throw invalidField('query', {
      code: 'BASE_TYPE_REQUIRED',
      message: 'This field is required',
    });
  const found = membersOf(call, guild, memberOrder(guild))
    .filter((one) => hasNamePrefix(call.world, one, wanted))
    .slice(0, limit);
  return {
    status: 200,
    body: found.map((one) => memberOnWire(call.world, one)),
  };
}

function kickMember(call: ApiCall): Decision {
  const standing = standingOf(call);
  const { guild, self } = standing;
  demand(call, standing, PermissionFlagsBits.KickMembers);
  const target = memberNamed(call, guild);
  if (!canActOn(guild, self, target)) throw missingPermissions();
  return {
    status: 204,
    change: () => removeMember(guild, target.discordUserId),
    audit: {
      guild,
      entries: [
        {
          actionType: AuditLogEvent.MemberKick,
          targetId: target.discordUserId,
        },
      ],
    },
  };
}

function membersOf(call: ApiCall, guild: LiveGuild, ids: readonly string[]): FullMember[] {
  return ids.flatMap((discordUserId) => memberAsRead(call, guild, discordUserId) ?? []);
}

/** The index of the first id above `after`; binary search, because guilds are large. */
function firstAfter(ids: readonly string[], after: string): number {
  let low = 0;
  let high = ids.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareSnowflakes(ids[middle] ?? '0', after) > 0) high = middle;
    else low = middle + 1;
  }
  return low;
}
