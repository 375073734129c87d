import type { Decision, OpenCall } from './api-call.js';
import type { LiveGuild, LiveInvite } from './live-world.js';
import { flagOf } from './query.js';
import { unknownInvite } from './refusal.js';
import type { OpenRoute } from './route.js';
import { timeOnWire, userOnWire } from './wire.js';
import { countsOnWire, inviteGuildOnWire } from './wire-guild.js';

/** Shows what an invite is for. Anyone who has the code may ask. */
export const inviteRoutes: readonly OpenRoute[] = [
  {
    isOpen: true,
    method: 'GET',
    template: '/invites/{code}',
    decide: getInvite,
  },
];

function getInvite(call: OpenCall): Decision {
  const invite = call.world.invites.get(call.params['code'] ?? '');
  const guild = call.world.guilds.get(invite?.guildId ?? '');
  if (!invite || !guild || isSpent(invite, call.now)) throw unknownInvite();
  return { status: 200, body: inviteOnWire(call, invite, guild) };
}

/** Discord treats an expired or used-up invite as unknown. */
function isSpent(invite: LiveInvite, now: number): boolean {
  const isUsedUp = invite.maxUses > 0 && invite.uses >= invite.maxUses;
  return isUsedUp || (expiryOf(invite) ?? Infinity) <= now;
}

function expiryOf({ maxAge, createdAt }: LiveInvite): number | null {
  return maxAge === 0 ? null : Date.parse(createdAt) + maxAge * 1000;
}

function inviteOnWire(call: OpenCall, invite: LiveInvite, guild: LiveGuild) {
  const expiresAt = expiryOf(invite);
  return {
    type: 0,
    code: invite.code,
    ...(invite.inviterId === null ? {} : { inviter: userOnWire(call.world, invite.inviterId) }),
    // Always present since v10, whatever `with_expiration` says.
    expires_at: expiresAt === null ? null : timeOnWire(new Date(expiresAt).toISOString()),
    flags: 0,
    guild: inviteGuildOnWire(guild),
    guild_id: guild.guildId,
    channel: { id: invite.channelId, type: 0, name: invite.channelName },
    ...(flagOf(call.query, 'with_counts') ? countsOnWire(guild) : {}),
  };
}
