import { FirstTables } from './2026-11-30-first.js';
import { ListedCount } from './2026-11-30-listed-count.js';
import { HandAuthors } from './2026-11-30-hand-authors.js';
import { Live } from './2026-11-30-live.js';

/**
 * In the order they run. A migration, once released, is never changed. In a migration, tables that
 * point to others come before those others, because every writer locks them in this order.
 */
export const MIGRATIONS = [
  { name: '2026-11-30-first', class: FirstTables },
  { name: '2026-11-30-listed-count', class: ListedCount },
  { name: '2026-11-30-live', class: Live },
  { name: '2026-11-30-hand-authors', class: HandAuthors },
] as const;

/**
 * What the first migration was squashed from. A database that has all of them has its schema
 * exactly: only the comments and the names are replaced.
 */
export const SQUASHED: readonly string[] = [
  '2026-11-22-first',
  '2026-11-22-workers',
  '2026-11-22-sign-in',
  '2026-11-22-client-checks',
  '2026-11-22-sweeps',
  '2026-11-22-decisions',
  '2026-11-22-nicknames',
  '2026-11-22-notices',
  '2026-11-22-discord-says',
  '2026-11-22-idempotency',
  '2026-11-23-retention',
  '2026-11-23-telemetry',
  '2026-11-23-quiet-sweeps',
  '2026-11-23-links-in-order',
  '2026-11-29-mutation-times',
  '2026-11-29-deletion-fences',
  '2026-11-29-ticket-emails',
  '2026-11-29-foreign-roles',
  '2026-11-29-claims',
  '2026-11-29-write-probe',
  '2026-11-29-guard',
  '2026-11-29-counts-fault',
  '2026-11-29-link-proof',
  '2026-11-29-member-states',
  '2026-11-29-sending-pauses',
  '2026-11-29-claim-owners',
  '2026-11-29-roles-read',
  '2026-11-29-nickname-resets',
  '2026-11-29-unlinked-holders',
  '2026-11-29-ticket-attempts',
  '2026-11-29-screening',
  '2026-11-29-ensured-roles',
  '2026-11-29-parked-causes',
  '2026-11-29-bot-accounts',
];
