import type { SandboxCall, SandboxCallFilter, SandboxCalls } from './sandbox-interface.js';

const KEPT_CALLS = 200;

/** Counts all calls and keeps the latest. */
export type CallLog = SandboxCalls & { add(call: SandboxCall): void };

type Counter = { readonly call: SandboxCall; times: number };

export function createCallLog(): CallLog {
  const counters = new Map<string, Counter>();
  const listeners = createListeners();
  let recent: SandboxCall[] = [];
  let invalidRequests = 0;

  return {
    add(call) {
      const key = FIELDS.map((field) => call[field]).join(' ');
      const counter = counters.get(key) ?? { call, times: 0 };
      counter.times += 1;
      counters.set(key, counter);
      recent = [...recent.slice(1 - KEPT_CALLS), call];
      if (isInvalid(call)) invalidRequests += 1;
      listeners.tell(call);
    },
    count: (filter = {}) =>
      [...counters.values()]
        .filter(({ call }) => fits(call, filter))
        .reduce((sum, { times }) => sum + times, 0),
    counts() {
      const sums = new Map<string, number>();
      for (const { call, times } of counters.values()) {
        const key = `${call.method} ${call.route} ${call.status}`;
        sums.set(key, (sums.get(key) ?? 0) + times);
      }
      return Object.fromEntries(sums);
    },
    recent: () => recent,
    invalidRequests: () => invalidRequests,
    reset() {
      counters.clear();
      recent = [];
      invalidRequests = 0;
    },
    onCall: listeners.onCall,
    waitForCall: listeners.waitForCall,
  };
}

function createListeners() {
  const listeners = new Set<(call: SandboxCall) => void>();
  const onCall: SandboxCalls['onCall'] = (listener) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  };
  const waitForCall: SandboxCalls['waitForCall'] = (filter, timeoutMs = 5000) =>
    new Promise((resolve, reject) => {
      const finish = () => {
        stopListening();
        clearTimeout(deadline);
      };
      const stopListening = onCall((call) => {
        if (!fits(call, filter) || !isOnPath(call, filter)) return;
        finish();
        resolve(call);
      });
      const deadline = setTimeout(() => {
        finish();
        const wanted = JSON.stringify(filter);
        reject(new Error(`no call ${wanted} came within ${timeoutMs} ms`));
      }, timeoutMs);
    });
  const tell = (call: SandboxCall) => {
    for (const listener of listeners) listener(call);
  };
  return { onCall, waitForCall, tell };
}

/**
 * Whether Discord counts the answer towards a ban of the sender. A shared limit does not count,
 * because it is not the sender's fault.
 */
export function isInvalid(call: Pick<SandboxCall, 'status' | 'fault'>): boolean {
  return [401, 403, 429].includes(call.status) && call.fault !== 'sharedLimit';
}

const FIELDS = ['method', 'route', 'status', 'guildId', 'applicationId', 'code'] as const;

function fits(call: SandboxCall, filter: SandboxCallFilter): boolean {
  return FIELDS.every((field) => filter[field] === undefined || filter[field] === call[field]);
}

/** Paths are not counted, as there may be one per member, but tests can wait for them. */
function isOnPath(call: SandboxCall, filter: SandboxCallFilter): boolean {
  return filter.path === undefined || filter.path === call.path;
}
