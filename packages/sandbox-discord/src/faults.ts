import { createPlantedFaults } from './planted-faults.js';
import type { SandboxFault, SandboxFaultEffect, SandboxFaults } from './sandbox-interface.js';

/** Planted faults, and which of them a call meets. */
export type FaultField = SandboxFaults & {
  /**
   * Returns the faults that hit the call, and counts each as used once. Delays add up; of all other
   * faults only the first planted one applies.
   */
  meet(call: CallToMeet): MetFaults;
};

export type CallToMeet = {
  readonly method: string;
  readonly route: string;
  readonly guildId: string | undefined;
  readonly discordUserId: string | undefined;
  /** True: the call gives a member a nickname. */
  readonly setsNickname: boolean;
};

export type MetFaults = {
  readonly latencyMs: number;
  readonly effect: Exclude<SandboxFaultEffect, { kind: 'latency' }> | undefined;
};

export function createFaults(random: () => number, onChange: () => void): FaultField {
  const { hits, ...planted } = createPlantedFaults<SandboxFault>(random, onChange);
  return {
    ...planted,
    meet(call) {
      let latencyMs = 0;
      let effect: MetFaults['effect'];
      for (const fault of planted.list().filter((one) => fits(one, call))) {
        const isDelay = fault.effect.kind === 'latency';
        if (!isDelay && effect) continue;
        if (!hits(fault)) continue;
        if (fault.effect.kind === 'latency') latencyMs += fault.effect.ms;
        else effect = fault.effect;
      }
      return { latencyMs, effect };
    },
  };
}

function fits(fault: SandboxFault, call: CallToMeet): boolean {
  return (
    (fault.method === undefined || fault.method === call.method) &&
    (fault.route === undefined || fitsRoute(fault.route, call.route)) &&
    (fault.guildId === undefined || fault.guildId === call.guildId) &&
    (fault.discordUserId === undefined || fault.discordUserId === call.discordUserId) &&
    canHit(fault.effect.kind, call)
  );
}

function fitsRoute(wanted: string, route: string): boolean {
  return wanted.endsWith('*') ? route.startsWith(wanted.slice(0, -1)) : route === wanted;
}

/**
 * A read cannot lose a write, and a write cannot return old data; such a fault waits for the right
 * kind of call.
 */
function canHit(kind: SandboxFaultEffect['kind'], { method, setsNickname }: CallToMeet): boolean {
  if (kind === 'autoMod') return setsNickname;
  if (kind === 'lostWrite') return method !== 'GET';
  if (kind === 'staleRead') return method === 'GET';
  return true;
}
