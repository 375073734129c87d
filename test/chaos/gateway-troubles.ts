import { setTimeout as sleep } from 'node:timers/promises';

import type { SandboxGateway, SandboxGatewayEffect } from 'sandbox-discord';

import { DEMO } from '../../services/demo/demo-world.js';
import type { TroubleStep } from './steps.js';

/** What happens to a single event. */
export type EventFault = Extract<
  SandboxGatewayEffect,
  { kind: 'drop' | 'double' | 'delay' | 'reorder' }
>;

/** How a session breaks. After `end` it cannot be resumed. */
export const SESSION_BREAKS = [
  'cut',
  'freeze',
  'halfOpen',
  'close',
  'timeOut',
  'reconnect',
  'invalidate',
  'end',
  'invalidSeq',
] as const;
export type SessionBreak = (typeof SESSION_BREAKS)[number];

type GatewayStep = Extract<TroubleStep, { kind: 'event' | 'session' | 'gateway' | 'guild' }>;

const { guildId } = DEMO;

/** Plants faults of the gateway, and ends its outages. */
export class GatewayTroubles {
  readonly #misleading: { readonly faultId: number; readonly times: number }[] = [];
  /** When a session or the gateway broke. */
  readonly breaks: number[] = [];
  #hasMisled = false;
  #outage: Promise<void> = Promise.resolve();

  constructor(readonly gateway: SandboxGateway) {}

  async take(step: GatewayStep): Promise<void> {
    const { gateway } = this;
    switch (step.kind) {
      case 'event':
        return this.#plant(step);
      case 'session':
        this.breaks.push(Date.now());
        return BREAKS[step.ends](gateway);
      case 'gateway':
        return this.#outOfOrder(step.ms, (isOut) => gateway.setDown(isOut));
      case 'guild':
        return this.#outOfOrder(step.ms, (isUnavailable) =>
          gateway.setGuildUnavailable({ guildId, isUnavailable }),
        );
    }
  }

  /** An event was lost, late or swapped, which no session can notice. */
  get hasMisled(): boolean {
    const left = new Map(this.gateway.faults.list().map((fault) => [fault.faultId, fault.left]));
    return (
      this.#hasMisled || this.#misleading.some(({ faultId, times }) => left.get(faultId) !== times)
    );
  }

  /** Ends all faults, and waits for outages to end. */
  async end(): Promise<void> {
    await this.#outage;
    this.#hasMisled = this.hasMisled;
    this.#misleading.length = 0;
    this.gateway.faults.clear();
  }

  #plant({ effect, name, times }: Extract<GatewayStep, { kind: 'event' }>): void {
    const faultId = this.gateway.faults.plant({ effect, event: name, times });
    if (effect.kind !== 'double') this.#misleading.push({ faultId, times });
  }

  /** One outage at a time; it lasts during the following steps. */
  async #outOfOrder(ms: number, set: (isOut: boolean) => void): Promise<void> {
    await this.#outage;
    this.breaks.push(Date.now());
    set(true);
    this.#outage = sleep(ms).then(() => set(false));
  }
}

const BREAKS: Readonly<Record<SessionBreak, (gateway: SandboxGateway) => void>> = {
  cut: (gateway) => gateway.cut(),
  freeze: (gateway) => gateway.freeze(),
  halfOpen: (gateway) => gateway.freeze({ isHalfOpen: true }),
  close: (gateway) => gateway.close({ code: 4000 }),
  timeOut: (gateway) => gateway.close({ code: 4009 }),
  reconnect: (gateway) => gateway.reconnect(),
  invalidate: (gateway) => gateway.invalidate({ isResumable: true }),
  end: (gateway) => gateway.invalidate({ isResumable: false }),
  invalidSeq: (gateway) => gateway.close({ code: 4007 }),
};
