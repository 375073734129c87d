import type pg from 'pg';
import type { SandboxDiscord } from 'sandbox-discord';

import { eventually } from '../../test/support/eventually.js';
import type { Row } from './bench.js';
import type { StatementCounter } from './statement-counts.js';

/** Counts from a quiet moment to the next. */
export async function costOf(
  {
    discord,
    statements,
  }: { readonly discord: SandboxDiscord; readonly statements?: StatementCounter },
  sql: pg.Client,
  what: string,
  operation: () => Promise<unknown>,
): Promise<Row> {
  discord.calls.reset();
  statements?.reset();
  await operation();
  await quiet(sql);
  const database = statements?.counts();
  const counts = Object.entries(discord.calls.counts());
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  const parts = counts.map(([call, count]) => `${count} ${shortOf(call)}`);
  return { operation: what, calls: total, 'consists of': parts.join(', '), ...database };
}

/** No job and no revocation waits. */
export async function quiet(sql: pg.Client): Promise<void> {
  await eventually(
    async () => {
      const { rows } = await sql.query<{ left: number }>(
        `select (select count(*) from reconcile_job where not is_parked)::int
           + (select count(*) from revocation)::int as left`,
      );
      return rows[0]?.left === 0;
    },
    {
      withinMs: 60_000,
      what: 'every job is settled, and nothing is left to be revoked',
    },
  );
}

/** `PUT /guilds/{guild_id}/members/{user_id}/roles/{role_id} 204` -> `PUT member role`. */
function shortOf(call: string): string {
  const [method = '', route = '', status = ''] = call.split(' ');
  const name = ROUTES.get(route) ?? route;
  return `${method} ${name}${status.startsWith('2') ? '' : ` (${status})`}`;
}

const ROUTES: ReadonlyMap<string, string> = new Map([
  [`/guilds/{guild_id}/members/{user_id}/roles/{role_id}`, 'member role'],
  [`/guilds/{guild_id}/members/{user_id}`, 'member'],
  [`/guilds/{guild_id}/roles`, 'guild roles'],
  [`/guilds/{guild_id}`, 'guild'],
  [`/users/@me`, 'user'],
  [`/oauth2/token`, 'token'],
  [`/oauth2/token/revoke`, 'revocation'],
]);
