import { FirstTables } from './2026-11-22-first.js';
import { Workers } from './2026-11-22-workers.js';

/** In the order they run. A migration, once released, is never changed. */
export const MIGRATIONS = [
  { name: '2026-11-22-first', class: FirstTables },
  { name: '2026-11-22-workers', class: Workers },
] as const;
