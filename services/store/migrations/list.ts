import { FirstTables } from './2026-11-22-first.js';
import { ClientChecks } from './2026-11-22-client-checks.js';
import { SignIn } from './2026-11-22-sign-in.js';
import { Sweeps } from './2026-11-22-sweeps.js';
import { Workers } from './2026-11-22-workers.js';

/** In the order they run. A migration, once released, is never changed. */
export const MIGRATIONS = [
  { name: '2026-11-22-first', class: FirstTables },
  { name: '2026-11-22-workers', class: Workers },
  { name: '2026-11-22-sign-in', class: SignIn },
  { name: '2026-11-22-client-checks', class: ClientChecks },
  { name: '2026-11-22-sweeps', class: Sweeps },
] as const;
