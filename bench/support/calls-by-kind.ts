import type { SandboxCall } from 'sandbox-discord';

/** `81 GET member, 70 PATCH member`: the most frequent first. */
export function callsByKind(calls: readonly SandboxCall[]): string {
  const byKind = Map.groupBy(
    calls,
    ({ method, route, status }) =>
      `${method} ${nameOf(route)}${status < 300 ? '' : ` (${status})`}`,
  );
  return [...byKind]
    .toSorted(([, a], [, b]) => b.length - a.length)
    .map(([kind, { length }]) => `${length} ${kind}`)
    .join(', ');
}

const MEMBER = '/guilds/{guild_id}/members/{user_id}';
const NAMES: ReadonlyMap<string, string> = new Map([
  [MEMBER, 'member'],
  [`${MEMBER}/roles/{role_id}`, 'member role'],
  ['/guilds/{guild_id}/members', 'list of members'],
  ['/guilds/{guild_id}/roles/member-counts', 'counts of holders'],
  ['/guilds/{guild_id}/roles', 'guild roles'],
  ['/guilds/{guild_id}', 'guild'],
  ['/users/@me', 'user'],
]);

function nameOf(route: string): string {
  return NAMES.get(route) ?? route;
}
