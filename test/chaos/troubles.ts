import { setTimeout as sleep } from 'node:timers/promises';

import { DEMO } from '../../services/demo/demo-world.js';
import type { Cure } from './cures.js';
import { GatewayTroubles } from './gateway-troubles.js';
import { LastingAnswers } from './lasting-answers.js';
import type { Stage } from './stage.js';
import type { Person, TroubleStep } from './steps.js';
import type { Wishes } from './wishes.js';

const { guildId } = DEMO;

/** A time during which the processes did not work normally. */
export interface Span {
  readonly from: number;
  readonly until: number;
}

/** Plants faults and outages, ends them, and records when they lasted. */
export class Troubles {
  /** The end of the last outage of the database or the broker, which may still be ahead. */
  outageUntil = 0;
  readonly ofGateway: GatewayTroubles;
  readonly #lasting: LastingAnswers;
  readonly #moderated = new Map<Person, number>();
  readonly #stillness: Span[] = [];
  #stillUntil: Promise<void> = Promise.resolve();

  constructor(
    readonly stage: Stage,
    readonly wishes: Wishes,
  ) {
    this.ofGateway = new GatewayTroubles(stage.discord.gateway);
    this.#lasting = new LastingAnswers(stage.discord.faults);
  }

  async take(step: Exclude<TroubleStep, { kind: 'quiet' }>): Promise<void> {
    const { stage } = this;
    switch (step.kind) {
      case 'fault':
        stage.discord.faults.plant({
          effect: step.effect,
          times: step.times,
          guildId,
          ...CALLS[step.calls],
        });
        return;
      case 'answer':
        return this.#lasting.set(step.form, step.isOn);
      case 'autoMod':
        return this.#moderate(step);
      case 'limit':
        return stage.wire.plantLimit(step.form);
      case 'listing':
        return stage.wire.listings.plant(step.form, step.times);
      case 'event':
      case 'session':
      case 'gateway':
      case 'guild':
        return this.ofGateway.take(step);
      case 'lie': {
        const mapped = new Set(this.wishes.roleIds());
        return stage.wire.lies.plant(step.form, mapped);
      }
      case 'cut':
        return stage.door.cutAnswer(step.statements, step.nth);
      case 'pause':
        if (step.of === 'process') stage.crew.pause(step.place, step.ms);
        else await this.#holdDatabase(step.ms);
        return;
      case 'restart':
        return stage.crew.replace(step.place, step.how);
      case 'database':
        await stage.service?.database.outage(step.mode, step.ms);
        return this.#noteOutage(step.ms);
      case 'broker':
        await stage.service?.broker?.outage(step.mode, step.ms);
        return this.#noteOutage(step.ms);
      case 'clock':
        return stage.service?.crew.stepClock(step.place, step.stepMs);
      case 'wait':
        await sleep(step.ms);
        return;
    }
  }

  /** Clears all faults, and waits for pauses and outages to end. */
  async end(): Promise<void> {
    const { discord, wire, door, crew, service } = this.stage;
    await this.#stillUntil;
    await this.ofGateway.end();
    await crew.pausesAreOver();
    await service?.database.up();
    await service?.broker?.open();
    door.clear();
    discord.faults.clear();
    wire.clearLimits();
    wire.listings.clear();
    wire.lies.clear();
  }

  /** When the database was paused or down, a process was paused, or an answer was lost. */
  spans(): readonly Span[] {
    const { crew, door, service } = this.stage;
    const lost = door.cuts.map(({ at }) => ({ from: at, until: at }));
    const outages = service?.database.outages ?? [];
    return [...this.#stillness, ...crew.pauses, ...lost, ...outages];
  }

  /**
   * A refusal may not have been stored, and a run that met the trouble continues shortly after it.
   */
  cures(): readonly Cure[] {
    return this.spans().map(({ from, until }) => ({
      account: 'all',
      from,
      until: until + SETTLING_MS,
    }));
  }

  /** How much longer than usual work took between these times. */
  delayMs({ from, to }: { readonly from: number; readonly to: number }): number {
    const overlaps = this.spans().map((span) =>
      Math.max(0, Math.min(to, span.until) - Math.max(from, span.from)),
    );
    return overlaps.reduce((sum, ms) => sum + ms, 0);
  }

  #moderate({ account, isOn }: Extract<TroubleStep, { kind: 'autoMod' }>): void {
    const { faults } = this.stage.discord;
    const planted = this.#moderated.get(account);
    if (planted !== undefined) faults.remove(planted);
    this.#moderated.delete(account);
    if (!isOn) return;
    const discordUserId = DEMO.accounts[account];
    const fault = { effect: { kind: 'autoMod' }, discordUserId, times: null } as const;
    this.#moderated.set(account, faults.plant(fault));
  }

  /** Pauses the database during the following steps, one pause at a time. */
  async #holdDatabase(ms: number): Promise<void> {
    await this.#stillUntil;
    const { door } = this.stage;
    const from = Date.now();
    this.#stillness.push({ from, until: from + ms });
    door.hold();
    this.#stillUntil = sleep(ms).then(() => door.letGo());
  }

  #noteOutage(ms: number): void {
    this.outageUntil = Math.max(this.outageUntil, Date.now() + ms);
  }
}

const SETTLING_MS = 1_000;

const CALLS = {
  all: {},
  reads: { method: 'GET' },
  writes: { route: '/guilds/{guild_id}/members/{user_id}/roles/{role_id}' },
  lists: { method: 'PATCH' },
  listings: { method: 'GET', route: '/guilds/{guild_id}/members' },
  counts: { method: 'GET', route: '/guilds/{guild_id}/roles/member-counts' },
} as const;
