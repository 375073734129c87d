import type { ClientId } from '../../model.js';
import type { ApiContext } from '../context.js';
import { ageIn, countOf } from './client-health.js';
import type { HealthCheck } from './discord-client.types.js';
import type { LiveStatus } from './live-status.types.js';
import type { DisputeCounts } from './ports.js';

/** Returns the health checks about the gateway session and about disputes, from current data. */
export async function loadLiveChecks(
  { loaders, now }: Pick<ApiContext, 'loaders' | 'now'>,
  clientId: ClientId,
): Promise<readonly HealthCheck[]> {
  const [live, disputes] = await Promise.all([
    loaders.liveOfClient.load(clientId),
    loaders.disputesOfClient.load(clientId),
  ]);
  return [
    ...(live === undefined ? [] : liveHealth(live, now())),
    ...(disputes === undefined ? [] : disputeHealth(clientId, disputes)),
  ];
}

export function liveHealth(live: LiveStatus, now: Date): readonly HealthCheck[] {
  return [liveCheck(live, now), ...gapCheck(live, now)];
}

const MINUTE_MS = 60_000;
const PATIENCE_MS = 5 * MINUTE_MS;
const LONG_GAP_MS = 60 * MINUTE_MS;

/**
 * A restart or a short outage of Discord needs no person, so a session may take five minutes to
 * open.
 */
function liveCheck(live: LiveStatus, now: Date): HealthCheck {
  const { state, reason, since } = live;
  const name = 'live';
  const message = describeLive(live);
  if ((state === 'LIVE' || state === 'CATCHING_UP') && reason !== null)
    return {
      name,
      result: 'WARNING',
      message,
      remedy: 'No action needed: events arrive again once the outage ends.',
    };
  const isWaiting = state === 'CONNECTING' || state === 'POLLING';
  const isLate = since !== null && now.getTime() - since.getTime() > PATIENCE_MS;
  if (!isWaiting || !isLate) return { name, result: 'OK', message, remedy: null };
  return {
    name,
    result: 'WARNING',
    message,
    remedy:
      'Run checkDiscordClient. If it finds nothing, see the log of the process that runs the part `reconcile`.',
  };
}

function describeLive({ state, reason, since }: LiveStatus): string {
  const from = since === null ? '' : ` since ${since.toISOString()}`;
  const why = reason === null ? '' : `: ${reason}`;
  if (state === 'OFF') return `Off${why}. Sweeps find changes made on Discord.`;
  if (state === 'POLLING') return `Polling${from}${why}. Sweeps find changes made on Discord.`;
  if (state === 'CONNECTING')
    return `Connecting${from}${why}. Until then, sweeps find changes made on Discord.`;
  if (reason !== null) return `${reason}.`;
  return state === 'LIVE'
    ? `Live${from}: changes made on Discord are known within a second.`
    : 'Events arrive. Some were missed, and the next complete member list finds what they would have shown.';
}

function gapCheck({ state, gapSince }: LiveStatus, now: Date): readonly HealthCheck[] {
  if (state === 'OFF' || gapSince === null) return [];
  const ageMs = now.getTime() - gapSince.getTime();
  if (ageMs <= LONG_GAP_MS) return [];
  return [
    {
      name: 'missed events',
      result: 'WARNING',
      message: `Events were missed at ${gapSince.toISOString()}, ${ageIn(ageMs)} ago, and no complete member list has been read since.`,
      remedy:
        'Start a sweep of kind SYNC_ACCOUNTS. If it fails, its reason says why; without the Server Members Intent, Discord refuses the list.',
    },
  ];
}

export function disputeHealth(
  clientId: ClientId,
  { reversals, kept, requests }: DisputeCounts,
): readonly HealthCheck[] {
  if (reversals === 0 && requests === 0) return [];
  const keep = kept === 1 ? 'keeps a role that was revoked' : 'keep a role that was revoked';
  const messages = [
    ...(reversals === 0
      ? []
      : [
          `Another bot or person keeps undoing changes of ${countOf(reversals, 'linked member')}; ${kept} of them ${keep}.`,
        ]),
    ...(requests === 0
      ? []
      : [
          `The platform reports the opposite of requests for ${countOf(requests, 'linked member')}.`,
        ]),
  ];
  return [
    {
      name: 'disputed members',
      result: 'WARNING',
      message: messages.join(' '),
      remedy: `List them with discordUsers(clientId: "${clientId}", filter: { states: [DISPUTED] }); \`dispute\` names the account. Decide which side manages the role, then try at once with reconcileDiscordUser.`,
    },
  ];
}
