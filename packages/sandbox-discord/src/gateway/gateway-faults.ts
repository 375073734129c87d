import { createPlantedFaults } from '../planted-faults.js';
import { checkCloseCode } from './close-code.js';
import type {
  SandboxGatewayEffect,
  SandboxGatewayFault,
  SandboxGatewayFaults,
} from './gateway-interface.js';

type IdentifyEffect = Extract<SandboxGatewayEffect, { kind: 'refuseIdentify' | 'invalidSession' }>;
type EventEffect = Exclude<SandboxGatewayEffect, IdentifyEffect>;

type MetEvent = {
  readonly name: string;
  readonly guildId: string | undefined;
  readonly applicationId: string;
};

/** Planted faults of the gateway, and which of them an event or an identify meets. */
export type GatewayFaultField = SandboxGatewayFaults & {
  /** Uses up the first planted fault that matches. */
  meetEvent(event: MetEvent): EventEffect | undefined;
  meetIdentify(applicationId: string): IdentifyEffect | undefined;
};

export function createGatewayFaults(random: () => number, onChange: () => void): GatewayFaultField {
  const { hits, ...planted } = createPlantedFaults<SandboxGatewayFault>(random, onChange);
  const meet = (fits: (fault: SandboxGatewayFault) => boolean): SandboxGatewayEffect | undefined =>
    planted.list().find((fault) => fits(fault) && hits(fault))?.effect;

  return {
    ...planted,
    plant(fault) {
      if (fault.effect.kind === 'refuseIdentify') checkCloseCode(fault.effect.code);
      return planted.plant(fault);
    },
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
