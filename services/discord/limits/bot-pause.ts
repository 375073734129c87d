import type { ClientId } from '../../model.js';
import type { BucketGate } from './gate.js';
import type { Pause } from './pauses.js';
import { SHOWN_FROM_MS, type SendingPauses } from './sending-pauses.js';

/**
 * The pause of a whole bot. When it ends, one call is tried and the others wait for its response:
 * success ends the pause, another refusal prolongs it.
 */
export interface BotPause {
  /** The client now uses the bot. */
  join(clientId: ClientId): void;
  /** The client uses another bot, so this pause is no longer shown for it. */
  leave(clientId: ClientId): void;
  begin(pause: Pause, clientId: ClientId): void;
  /** Asked before a call waits for its turn; null: it may. */
  closedFor(clientId: ClientId): { readonly until: number; readonly cause: string } | null;
  /** Asked last before a call is sent. */
  admit(clientId: ClientId): Admission;
  /** The next call is tried at once: a person has asked for it, or the client has changed. */
  tryNow(): void;
}

export type Admission =
  | { readonly kind: 'free' }
  | { readonly kind: 'closed'; readonly until: number; readonly cause: string }
  | { readonly kind: 'trial'; readonly trial: Trial };

export interface Trial {
  wentThrough(): void;
  /** In every case, also after the others. */
  leave(): void;
}

/** How long the others wait for the one call that is tried. */
const TRIAL_MS = 1_000;

interface Deps {
  readonly clock: () => number;
  readonly gate: BucketGate;
  readonly pauses: SendingPauses;
}

export function createBotPause({ clock, gate, pauses }: Deps): BotPause {
  const key = `bot ${pauses.nextNumber()}`;
  let pause: { readonly cause: string; readonly until: number } | null = null;
  let trial: Trial | null = null;
  /** The clients that use the bot. Calls of those that left it may still be under way. */
  const users = new Set<ClientId>();

  const beginTrial = (): Trial => {
    const begun: Trial = {
      wentThrough() {
        // A pause that began since is another one.
        if (trial !== begun) return;
        pause = null;
        gate.openAll();
        pauses.end(key);
      },
      leave() {
        if (trial === begun) trial = null;
      },
    };
    trial = begun;
    return begun;
  };

  const closedFor = (clientId: ClientId) => {
    if (pause === null) return null;
    if (users.has(clientId)) pauses.join(key, clientId);
    return pause.until > clock() ? pause : null;
  };

  return {
    join: (clientId) => void users.add(clientId),
    leave(clientId) {
      users.delete(clientId);
      pauses.leave(key, clientId);
    },
    begin({ until, why: cause }, clientId) {
      gate.closeAll(until);
      if (pause === null && until - clock() <= SHOWN_FROM_MS) return;
      pause = { cause, until };
      trial = null;
      const [anyUser] = users;
      const affected = users.has(clientId) ? clientId : anyUser;
      if (affected !== undefined) pauses.begin(key, pause, affected);
    },
    closedFor,
    admit(clientId) {
      const closed = closedFor(clientId);
      if (closed !== null) return { kind: 'closed', ...closed };
      if (pause === null) return { kind: 'free' };
      const { cause } = pause;
      return trial === null
        ? { kind: 'trial', trial: beginTrial() }
        : { kind: 'closed', until: clock() + TRIAL_MS, cause };
    },
    tryNow() {
      gate.openAll();
      if (pause !== null) pause = { ...pause, until: clock() };
    },
  };
}
