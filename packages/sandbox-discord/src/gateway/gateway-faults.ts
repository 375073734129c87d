import { checkCloseCode } from './close-code.js';
import type {
  PlantedGatewayFault,
  SandboxGatewayEffect,
  SandboxGatewayFault,
  SandboxGatewayFaults,
} from './gateway-interface.js';

type IdentifyEffect = Extract<SandboxGatewayEffect, { kind: 'refuseIdentify' | 'invalidSession' }>;
export type EventEffect = Exclude<SandboxGatewayEffect, IdentifyEffect>;

type MetEvent = {
  readonly name: string;
  readonly guildId: string | undefined;
  readonly applicationId: string;
};

/** Planted faults of the gateway, and which of them an event or an identify meets. */
export type GatewayFaultField = Omit<SandboxGatewayFaults, 'clear'> & {
  forget(): void;
  /** Uses up the first planted fault that matches. */
  meetEvent(event: MetEvent): EventEffect | undefined;
  meetIdentify(applicationId: string): IdentifyEffect | undefined;
};

export function createGatewayFaults(random: () => number, onChange: () => void): GatewayFaultField {
  const planted = new Map<number, PlantedGatewayFault>();
  let lastId = 0;

  const spend = (fault: PlantedGatewayFault): void => {
    if (fault.left === null) return;
    if (fault.left > 1) planted.set(fault.faultId, { ...fault, left: fault.left - 1 });
    else planted.delete(fault.faultId);
    onChange();
  };
  const meet = (
    fits: (fault: SandboxGatewayFault) => boolean,
  ): SandboxGatewayEffect | undefined => {
    for (const fault of planted.values()) {
      if (!fits(fault)) continue;
      if ((fault.probability ?? 1) < 1 && random() >= (fault.probability ?? 1)) continue;
      spend(fault);
      return fault.effect;
    }
    return undefined;
  };

  return {
    plant(fault) {
      if (fault.effect.kind === 'refuseIdentify') checkCloseCode(fault.effect.code);
      lastId += 1;
      const left = fault.times === undefined ? 1 : fault.times;
      planted.set(lastId, { ...fault, faultId: lastId, left });
      onChange();
      return lastId;
    },
    remove(faultId) {
      planted.delete(faultId);
      onChange();
    },
    forget() {
      planted.clear();
      onChange();
    },
    list: () => [...planted.values()],
    meetEvent(event) {
      const effect = meet((fault) => !isOfIdentify(fault.effect) && fitsEvent(fault, event));
      return effect && !isOfIdentify(effect) ? effect : undefined;
    },
    meetIdentify(applicationId) {
      const effect = meet((fault) => isOfIdentify(fault.effect) && isOfBot(fault, applicationId));
      return effect && isOfIdentify(effect) ? effect : undefined;
    },
  };
}

function isOfIdentify(effect: SandboxGatewayEffect): effect is IdentifyEffect {
  return effect.kind === 'refuseIdentify' || effect.kind === 'invalidSession';
}

function isOfBot(fault: SandboxGatewayFault, applicationId: string): boolean {
  return fault.applicationId === undefined || fault.applicationId === applicationId;
}

function fitsEvent(fault: SandboxGatewayFault, event: MetEvent): boolean {
  return (
    isOfBot(fault, event.applicationId) &&
    (fault.event === undefined || fault.event === event.name) &&
    (fault.guildId === undefined || fault.guildId === event.guildId)
  );
}
