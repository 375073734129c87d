import type { ClientId, LiveState } from '../../model.js';
import type { GuildRef } from '../../reconcile/ports.js';
import type { LiveSessionState } from './live-session-deps.js';
import type { Patiently } from './patience.js';
import type { LiveMemory } from './ports.js';

interface Deps {
  readonly memory: Pick<LiveMemory, 'saveLiveState' | 'openGap'>;
  readonly patiently: Patiently;
  readonly monotonicMs: () => number;
  /** How long the mirror counts as live after a heartbeat was answered. */
  readonly trustMs: number;
  /** How often that time is saved. */
  readonly renewMs: number;
}

/** Saves how events reach each client, in the order in which it changed. */
export interface LiveStates {
  set(clients: readonly GuildRef[], state: LiveSessionState): void;
  /** Extends the trust in the mirrors of those clients that are live. */
  renew(clients: readonly GuildRef[]): void;
  /** Events may have been missed. Saved before any later state, so that LIVE never hides a gap. */
  missed(clients: readonly GuildRef[]): void;
  saved(): Promise<void>;
}

export function createLiveStates(deps: Deps): LiveStates {
  const { memory, patiently, monotonicMs, trustMs, renewMs } = deps;
  const last = new Map<ClientId, { readonly state: LiveSessionState; readonly atMs: number }>();
  let saving: Promise<void> = Promise.resolve();

  const save = (doing: string, act: () => Promise<unknown>): void => {
    const before = saving;
    saving = before.then(async () => patiently(doing, act));
  };
  const set = (clients: readonly GuildRef[], state: LiveSessionState): void => {
    const clientIds = clients.map(({ clientId }) => clientId);
    for (const clientId of clientIds) last.set(clientId, { state, atMs: monotonicMs() });
    const saved = liveStateOf(state);
    const liveForMs = saved.state === 'LIVE' ? trustMs : 0;
    save('saving the live state', async () =>
      memory.saveLiveState(clientIds, { ...saved, liveForMs }),
    );
  };

  return {
    set,
    renew(clients) {
      const renewedBefore = monotonicMs() - renewMs;
      const due = clients.filter(({ clientId }) => {
        const saved = last.get(clientId);
        return saved?.state.kind === 'READY' && saved.atMs <= renewedBefore;
      });
      if (due.length > 0) set(due, { kind: 'READY', isResumed: true });
    },
    missed(clients) {
      const clientIds = clients.map(({ clientId }) => clientId);
      save('saving a gap', async () => memory.openGap(clientIds));
    },
    saved: async () => saving,
  };
}

function liveStateOf(state: LiveSessionState): {
  readonly state: Exclude<LiveState, 'OFF' | 'CATCHING_UP'>;
  readonly reason: string | null;
} {
  if (state.kind === 'CONNECTING') return { state: 'CONNECTING', reason: null };
  if (state.kind === 'READY') return { state: 'LIVE', reason: null };
  const { kind, reason } = state;
  return { state: kind === 'LOST' ? 'CONNECTING' : 'POLLING', reason };
}
