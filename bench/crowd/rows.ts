import type { SandboxCall } from 'sandbox-discord';

import { verdict, type Answer, type Row } from '../support/bench.js';
import { callsByKind } from '../support/calls-by-kind.js';
import { quantile, rounded } from '../support/quantiles.js';
import type { Watched } from '../support/scaled-connector.js';
import type { ScaledTime } from '../support/scaled-time.js';

export interface Measured extends Watched {
  /** How long each fresh change took until Discord showed it. */
  readonly freshMs?: readonly number[];
}

export interface Limited {
  readonly what: string;
  readonly time: ScaledTime;
  /** The shortest time in seconds that Discord's limits allow; null: nothing is written. */
  readonly limit: number | null;
}

const AIM_PERCENT = 95;
const AIM_FRESH_P95_SECONDS = 1;
const AIM_FRESH_MAX_SECONDS = 3;

/** The rows of the service and of the naive bot, and whether the service met its aims. */
export function compare(limited: Limited, service: Measured, naive: Measured | null): Answer {
  const { what } = limited;
  const percent = percentOf(limited, service);
  const refused = refusals(service);
  const aims = [
    verdict(`${what}: ${AIM_PERCENT} % of the limit`, `${percent} %`, percent >= AIM_PERCENT),
    verdict(`${what}: never a 429`, refused, refused === 0),
  ];
  const reads = readsOf(service);
  if (reads.most > 0)
    aims.push(
      verdict(
        `${what}: at most one read a member`,
        `${reads.count} of ${reads.members} members, up to ${reads.most} each`,
        reads.most <= 1,
      ),
    );
  const fresh = freshOf(limited, service);
  if (fresh !== null) {
    const isMet = fresh.p95 <= AIM_FRESH_P95_SECONDS && fresh.max <= AIM_FRESH_MAX_SECONDS;
    const aim = `${what}: fresh changes in ${AIM_FRESH_P95_SECONDS} s (p95) and ${AIM_FRESH_MAX_SECONDS} s (all)`;
    aims.push(verdict(aim, `${fresh.p95} and ${fresh.max} s`, isMet));
  }
  return {
    rows: [
      rowOf(limited, 'service', service),
      ...(naive === null ? [] : [rowOf(limited, 'naive bot', naive)]),
    ],
    notes: aims,
  };
}

export function rowOf(limited: Limited, by: string, measured: Measured): Row {
  const fresh = freshOf(limited, measured);
  return {
    what: limited.what,
    by,
    calls: measured.calls.length,
    writes: measured.calls.filter(isWrite).length,
    seconds: limited.time.unscaledSeconds(measured.tookMs),
    ...(limited.limit !== null && {
      'limit s': rounded(limited.limit),
      '% of limit': percentOf(limited, measured),
    }),
    ...(fresh && { 'fresh p95 s': fresh.p95, 'fresh max s': fresh.max }),
    '429s': refusals(measured),
    'consists of': callsByKind(measured.calls),
  };
}

export function isWrite({ method, status }: SandboxCall): boolean {
  return method !== 'GET' && status >= 200 && status < 300;
}

/** Reads of single members. */
function readsOf({ calls }: Watched) {
  const reads = calls.filter(({ method, route }) => method === 'GET' && route === MEMBER);
  const byMember = Map.groupBy(reads, ({ path }) => path);
  const each = [...byMember.values()].map(({ length }) => length);
  return { count: reads.length, members: byMember.size, most: Math.max(0, ...each) };
}

const MEMBER = '/guilds/{guild_id}/members/{user_id}';

/** The measurement restricted to some of the calls. */
export function partOf(
  { startedAt, calls }: Watched,
  isPart: (call: SandboxCall) => boolean,
): Watched {
  const part = calls.filter(isPart);
  const lastAt = Math.max(startedAt, ...part.filter(isWrite).map(({ at }) => at));
  return { startedAt, tookMs: lastAt - startedAt, calls: part };
}

export function refusals({ calls }: Watched): number {
  return calls.filter(({ status }) => status === 429).length;
}

export function percentOf({ time, limit }: Limited, { tookMs }: Watched): number {
  return Math.round((1_000 * (limit ?? 0)) / time.unscaledSeconds(tookMs)) / 10;
}

function freshOf({ time }: Limited, { freshMs = [] }: Measured) {
  if (freshMs.length === 0) return null;
  const seconds = (share: number) => rounded(quantile(freshMs, share) / time.factor / 1_000);
  return { p95: seconds(0.95), max: seconds(1) };
}
