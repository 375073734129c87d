import { setTimeout as sleep } from 'node:timers/promises';

import { InputError } from '../../services/lib/errors.js';
import { DEMO } from '../../services/demo/demo-world.js';
import type { ShownSweep } from './doors.js';
import type { Stage } from './stage.js';
import { PEOPLE, type Person, type Step, type SweepStep } from './steps.js';
import type { Wishes } from './wishes.js';

/** One removal that a person has said something of. */
export interface Decided {
  readonly account: Person;
  readonly roleId: string;
  readonly verdict: 'APPROVED' | 'REJECTED';
  readonly from: number;
  readonly until: number;
}

/** Something was said that unsays decisions; null: those of every account. */
export interface Unsaid {
  readonly account: Person | null;
  readonly at: number;
}

/** Starts sweeps, decides what they hold, and remembers what was decided. */
export class Sweeping {
  readonly decided: Decided[] = [];
  readonly unsaid: Unsaid[] = [];
  /** What a decision did that it should not have done. */
  readonly faults: string[] = [];
  readonly #seenHashes = new Map<string, Set<string>>();

  constructor(
    readonly stage: Stage,
    readonly wishes: Wishes,
  ) {}

  async take(step: SweepStep): Promise<void> {
    switch (step.kind) {
      case 'sweep':
        return this.#start(step);
      case 'cancelSweep':
        return this.#cancel();
      case 'decide':
        return this.#decide(step);
    }
  }

  /** Called with each step of the world that may unsay a decision. */
  forget(
    { kind }: Step,
    { accounts, at }: { readonly accounts: readonly Person[]; at: number },
  ): void {
    if (SAID_OF_ONE.has(kind)) for (const account of accounts) this.unsaid.push({ account, at });
    if (SAID_OF_ALL.has(kind)) this.unsaid.push({ account: null, at });
  }

  /** Waits until none waits or runs. */
  async areOver(withinMs: number): Promise<boolean> {
    const untilMs = Date.now() + withinMs;
    const isOver = async () =>
      (await this.stage.query(`select from sweep where state in ('WAITING', 'RUNNING')`)).length ===
      0;
    while (Date.now() < untilMs) {
      if (await isOver()) return true;
      await sleep(20);
    }
    return false;
  }

  async #start(step: Extract<SweepStep, { kind: 'sweep' }>): Promise<void> {
    await this.stage.doors.startSweep(step.of, step.isDryRun);
    await (step.isWaitedFor ? this.areOver(LONGEST_MS) : sleep(MOMENT_MS));
  }

  async #cancel(): Promise<void> {
    const found = (await this.#sweeps()).find(({ state }) =>
      ['WAITING', 'RUNNING'].includes(state),
    );
    if (found === undefined) return;
    await this.stage.doors.cancelSweep(found.id);
  }

  async #decide({ verdict, hash }: Extract<SweepStep, { kind: 'decide' }>): Promise<void> {
    const held = (await this.#sweeps()).find(({ state }) => state === 'HELD');
    if (held === undefined || held.plan === null) return;
    const { id, plan } = held;
    if (hash === 'stale') return this.#decideStale(id, this.#staleHash(id, plan.hash), verdict);
    await this.#decideOnce(id, plan.hash, verdict);
    if (hash === 'right') return;
    for (const again of ['APPROVED', 'REJECTED'] as const) {
      if (await this.#isDecided(id, plan.hash, again))
        this.faults.push(`sweep ${id} was decided twice`);
    }
  }

  async #decideOnce(id: string, hash: string, verdict: 'APPROVED' | 'REJECTED'): Promise<void> {
    const from = Date.now();
    const plan = await this.stage.doors.decideSweep({ id, hash, verdict });
    const until = Date.now();
    if (plan?.hash !== hash)
      this.faults.push(`sweep ${id} was decided with another plan than shown`);
    for (const member of plan?.members ?? []) {
      const account = PEOPLE.find((person) => DEMO.accounts[person] === member.discordUserId);
      if (account === undefined) this.faults.push(`sweep ${id} is about a stranger`);
      else this.#remember(account, member.remove, { verdict, from, until });
    }
  }

  #remember(
    account: Person,
    roleIds: readonly string[],
    decision: Pick<Decided, 'verdict' | 'from' | 'until'>,
  ): void {
    for (const roleId of roleIds) {
      this.decided.push({ account, roleId, ...decision });
      if (decision.verdict === 'REJECTED') this.wishes.reject(account, roleId);
    }
  }

  /** A plan that went back to what it was once is the plan that was looked at. */
  async #decideStale(id: string, hash: string, verdict: 'APPROVED' | 'REJECTED'): Promise<void> {
    await this.#decideOnce(id, hash, verdict).catch((error: unknown) => {
      if (!(error instanceof InputError)) throw error;
    });
  }

  async #isDecided(id: string, hash: string, verdict: 'APPROVED' | 'REJECTED'): Promise<boolean> {
    try {
      await this.stage.doors.decideSweep({ id, hash, verdict });
      return true;
    } catch (error) {
      if (error instanceof InputError) return false;
      throw error;
    }
  }

  /** One that the plan had before, where it has changed; else one that no plan has. */
  #staleHash(id: string, now: string): string {
    const seen = this.#seenHashes.get(id) ?? new Set();
    return [...seen].find((hash) => hash !== now) ?? 'f'.repeat(64);
  }

  /** Newest first. */
  async #sweeps(): Promise<readonly ShownSweep[]> {
    const rows = await this.stage.doors.sweeps();
    for (const { id, state, plan } of rows) {
      if (state !== 'HELD' || plan === null) continue;
      const seen = this.#seenHashes.get(id) ?? new Set();
      this.#seenHashes.set(id, seen.add(plan.hash));
    }
    return rows;
  }
}

const SAID_OF_ONE: ReadonlySet<Step['kind']> = new Set([
  'change',
  'snapshot',
  'deleteUser',
  'link',
  'unlink',
]);
const SAID_OF_ALL: ReadonlySet<Step['kind']> = new Set([
  'group',
  'map',
  'retire',
  'authority',
  'clientAuthority',
  'unknown',
]);
const LONGEST_MS = 1_500;
const MOMENT_MS = 5;
