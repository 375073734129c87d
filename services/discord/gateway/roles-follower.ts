import { TerminalError } from '../../lib/errors.js';
import type { ClientId } from '../../model.js';
import type { GuildRef } from '../../reconcile/ports.js';

interface Deps {
  readonly readRoles: (guild: GuildRef) => Promise<unknown>;
  readonly patiently: (doing: string, act: () => Promise<void>) => void;
  /** The shortest time between two readings of a guild's roles. */
  readonly pause: () => Promise<void>;
  readonly isStopped: () => boolean;
}

/** Reads a guild's roles at once, and again after `pause` if they have changed meanwhile. */
export function createRolesFollower({ readRoles, patiently, pause, isStopped }: Deps) {
  const watches = new Map<ClientId, { isDue: boolean; isReading: boolean }>();
  return (guild: GuildRef): void => {
    const watch = watches.get(guild.clientId) ?? { isDue: false, isReading: false };
    watches.set(guild.clientId, watch);
    watch.isDue = true;
    if (watch.isReading) return;
    watch.isReading = true;
    patiently('reading roles', async () => {
      while (watch.isDue && !isStopped()) {
        watch.isDue = false;
        try {
          await readRoles(guild);
        } catch (error) {
          // Repeating a refused call would only cost more of them. The doctor reports the cause.
          if (!(error instanceof TerminalError)) {
            watch.isDue = true;
            throw error;
          }
        }
        await pause();
      }
      watch.isReading = false;
    });
  };
}
