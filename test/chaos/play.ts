import { setTimeout as sleep } from 'node:timers/promises';

import { InputError } from '../../services/lib/errors.js';
import type { PlatformFact } from '../../services/model.js';
import { DEMO } from '../../services/demo/demo-world.js';
import { cause } from '../builders/store-world.js';
import { curesOf, type Cure } from './cures.js';
import { DiscordHands } from './hands.js';
import { LiveWishes } from './live-wishes.js';
import { Sweeping } from './sweeping.js';
import type { Stage } from './stage.js';
import { nameOf } from './name-rules.js';
import {
  GROUPS,
  PEOPLE,
  type FactStep,
  type MutationStep,
  type Person,
  type Step,
  type World,
} from './steps.js';
import { Limits } from './limits.js';
import { Timeline } from './timeline.js';
import { Troubles, type Span } from './troubles.js';
import { Wishes } from './wishes.js';

const { accounts } = DEMO;

/** Takes the steps of a world one by one, and keeps the model up to date. */
export class Play {
  readonly wishes: Wishes;
  readonly hands: DiscordHands;
  readonly cures: Cure[] = [];
  readonly timeline = new Timeline();
  readonly sweeping: Sweeping;
  /** Retired mappings whose role was requested to be removed from all holders. */
  readonly asked: Asked[] = [];
  readonly limits: Limits;
  readonly live: LiveWishes;
  /** When the client's settings changed. */
  readonly changes: Span[] = [];
  readonly troubles: Troubles;
  readonly #told: PlatformFact[] = [];
  #lastUs = 1_000;

  constructor(
    readonly stage: Stage,
    world: Pick<World, 'removals' | 'isLive' | 'handRemovals'>,
  ) {
    this.wishes = new Wishes(stage.bot);
    this.hands = new DiscordHands(stage.discord, this.wishes);
    this.sweeping = new Sweeping(stage, this.wishes);
    this.limits = new Limits(world.removals);
    this.live = new LiveWishes(world);
    this.troubles = new Troubles(stage, this.wishes);
  }

  /** Three groups, each mapped to its role; some members hold a foreign role. */
  async begin(): Promise<void> {
    this.hands.notePending(0);
    if (this.stage.names) await this.stage.store.applyFacts(PEOPLE.map(named));
    for (const group of GROUPS)
      await this.#tell({
        kind: 'groupChanged',
        groupId: group,
        name: group,
        order: { sequence: null, timeUs: 1 },
        cause,
      });
    await this.#mutate({ kind: 'map', group: 'pilots', role: 'pilot' });
    await this.#mutate({ kind: 'map', group: 'directors', role: 'director' });
    await this.#mutate({ kind: 'map', group: 'recruits', role: 'recruit' });
    for (const account of ['alice', 'bob'] as const)
      this.hands.take({
        kind: 'hand',
        account,
        role: 'eventHost',
        isGiven: true,
      });
    this.hands.take({
      kind: 'hand',
      account: 'dave',
      role: 'newcomer',
      isGiven: true,
    });
  }

  async take(step: Step): Promise<void> {
    const from = Date.now();
    const before = new Map(this.wishes.links);
    const mapped = this.wishes.roleIds();
    this.#noteAsked(step, from);
    await this.#take(step);
    const until = Date.now();
    const links = [before, this.wishes.links];
    const cured = curesOf(step, links);
    this.cures.push(...cured.map((account) => ({ account, from, until })));
    if (OF_THE_CLIENT.has(step.kind)) this.changes.push({ from, until });
    const accounts = cured.filter((one) => one !== 'all');
    if (step.kind === 'reconcile')
      this.live.asked.push(...accounts.map((account) => ({ account, at: from })));
    this.sweeping.forget(step, { accounts, at: from });
    this.wishes.remember(PEOPLE);
    this.hands.notePending();
    this.#noteTimes([...mapped, ...this.wishes.roleIds()], { from, until });
  }

  #noteAsked(step: Step, at: number): void {
    if (step.kind === 'retire' && step.takesBack)
      this.asked.push({ roleId: this.hands.roleId(step.role), at });
  }

  #noteTimes(
    roleIds: readonly string[],
    step: { readonly from: number; readonly until: number },
  ): void {
    for (const account of PEOPLE)
      for (const roleId of new Set(roleIds))
        this.timeline.note(account, roleId, {
          isWanted: this.wishes.verdict(account, roleId) === 'yes',
          mayBeTaken: this.wishes.mayBeTaken(account, roleId),
          ...step,
        });
  }

  async #take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'change':
      case 'snapshot':
      case 'deleteUser':
      case 'group':
      case 'replay':
        return this.#hear(step);
      case 'link':
      case 'unlink':
      case 'reconcile':
      case 'map':
      case 'retire':
      case 'authority':
      case 'clientAuthority':
      case 'enable':
      case 'guard':
      case 'unknown':
      case 'importRoles':
      case 'mend':
      case 'live':
      case 'handRemovals':
        return refusable(async () => this.#mutate(step));
      case 'sweep':
      case 'cancelSweep':
      case 'decide':
        return refusable(async () => this.sweeping.take(step));
      case 'fault':
      case 'answer':
      case 'autoMod':
      case 'limit':
      case 'listing':
      case 'event':
      case 'session':
      case 'gateway':
      case 'guild':
      case 'restart':
      case 'database':
      case 'broker':
      case 'clock':
      case 'lie':
      case 'cut':
      case 'pause':
      case 'wait':
        return this.troubles.take(step);
      case 'quiet':
        return this.#lull();
      case 'hand':
      case 'leave':
      case 'join':
      case 'kick':
      case 'ban':
      case 'rename':
      case 'timeOut':
      case 'moveRole':
      case 'deleteRole':
      case 'makeRole':
      case 'permission':
      case 'bot':
      case 'intent':
      case 'screening':
      case 'pass':
        return this.hands.take(step);
    }
  }

  async #hear(step: FactStep): Promise<void> {
    switch (step.kind) {
      case 'change':
        return this.#tell({
          kind: 'membershipChanged',
          platformUserId: step.person,
          groupId: step.group,
          change: step.isAdded ? 'added' : 'removed',
          order: orderOf(step),
          cause,
        });
      case 'snapshot':
        return this.#tell({
          kind: 'membershipSnapshot',
          platformUserId: step.person,
          groupIds: step.groups,
          order: orderOf(step),
          cause,
        });
      case 'group':
        return this.#tell({
          kind: step.isDeleted ? 'groupDeleted' : 'groupChanged',
          groupId: step.group,
          order: orderOf(step),
          cause,
        });
      case 'deleteUser':
        this.wishes.deleteUser(step.person);
        this.#lastUs += 1;
        return this.#tell({
          kind: 'userDeleted',
          platformUserId: step.person,
          order: { sequence: null, timeUs: this.#lastUs },
          cause,
        });
      case 'replay':
        return this.#replay(step.how);
    }
  }

  async #tell(fact: PlatformFact): Promise<void> {
    this.wishes.facts.tell(fact);
    this.#told.push(fact);
    await this.stage.doors.tell([fact]);
  }

  async #replay(how: 'atOnce' | 'oneByOne' | 'backwards'): Promise<void> {
    const { doors } = this.stage;
    if (how === 'atOnce') return doors.tell(this.#told);
    const facts = how === 'backwards' ? this.#told.toReversed() : this.#told;
    for (const fact of facts) await doors.tell([fact]);
  }

  async #mutate(step: MutationStep): Promise<void> {
    const { wishes, stage } = this;
    const { doors } = stage;
    switch (step.kind) {
      case 'link': {
        await doors.link(step.person, accounts[step.account]);
        return wishes.link(step.person, step.account);
      }
      case 'unlink': {
        const linkId = await doors.linkOf(step.person);
        if (linkId === undefined) return;
        await doors.unlink(linkId);
        return wishes.unlink(step.person);
      }
      case 'reconcile': {
        const linkId = await doors.linkOf(step.person);
        if (linkId !== undefined) await doors.reconcile(linkId);
        return;
      }
      case 'map':
        return this.#map(step);
      case 'retire':
        return this.#retire(step);
      case 'authority': {
        const mapping = wishes.mapped(step.group, this.hands.roleId(step.role));
        if (mapping === undefined) return;
        wishes.excuse(mapping.roleId);
        await doors.setAuthority(mapping.id, step.authority);
        mapping.authority = step.authority;
        return;
      }
      case 'clientAuthority':
        for (const roleId of wishes.roleIds()) wishes.excuse(roleId);
        // Rejected if two roles would request changes of one group.
        await doors.update({ authority: step.authority });
        wishes.clientAuthority = step.authority;
        return;
      case 'enable':
        return doors.update({ isEnabled: step.isEnabled });
      case 'guard':
        return this.#limit(step.minimum);
      case 'unknown':
        wishes.keepsUnknown = step.keeps;
        return doors.update({
          unknownMembership: step.keeps ? 'KEEP' : 'REMOVE',
        });
      case 'importRoles':
        return doors.importRoles();
      case 'mend':
        return doors.update({ botToken: stage.botToken });
      case 'live':
        this.live.turn(step.isOn);
        return doors.update({ isLive: step.isOn });
      case 'handRemovals':
        this.live.handRemovals.add(step.are);
        return doors.update({ handRemovals: step.are });
    }
  }

  async #limit(minimum: number): Promise<void> {
    const askedAt = Date.now();
    await this.stage.doors.update({ removalGuard: { minimum, percent: 0 } });
    this.limits.set(minimum, askedAt);
  }

  async #map({ group, role }: Extract<Step, { kind: 'map' }>): Promise<void> {
    const roleId = this.hands.roleId(role);
    const id = await this.stage.doors.map(group, roleId);
    if (id === null) return;
    this.wishes.map({
      id,
      group,
      roleId,
      authority: null,
      isRetired: false,
    });
  }

  async #retire({ group, role, takesBack }: Extract<Step, { kind: 'retire' }>): Promise<void> {
    const mapping = this.wishes.mapped(group, this.hands.roleId(role));
    if (mapping === undefined) return;
    const holders = takesBack ? 'TAKE_BACK' : 'LEAVE';
    await this.stage.doors.retire(mapping.id, holders);
    this.wishes.retire(mapping, takesBack);
  }

  /** Waits briefly for all jobs to finish; those of a client in trouble do not. */
  async #lull(): Promise<void> {
    const { doors } = this.stage;
    const untilMs = Date.now() + 1_500;
    while ((await doors.countPending()) > 0 && Date.now() < untilMs) await sleep(20);
    const ending = new Set(await doors.endingAccounts());
    for (const account of this.wishes.ending)
      if (!ending.has(accounts[account])) this.wishes.ending.delete(account);
  }
}

/** Sent before all other facts and never replayed: a replay would name a deleted person again. */
function named(person: Person): PlatformFact {
  const username = nameOf(person);
  return {
    kind: 'userChanged',
    platformUserId: person,
    username,
    order: { sequence: null, timeUs: 1 },
    cause,
  };
}

const OF_THE_CLIENT: ReadonlySet<Step['kind']> = new Set([
  'clientAuthority',
  'enable',
  'guard',
  'unknown',
  'mend',
]);

export interface Asked {
  readonly roleId: string;
  readonly at: number;
}

function orderOf({ at, sequence }: { at: number; sequence: number | null }) {
  return { sequence, timeUs: at };
}

/**
 * A world may make requests that are rejected: for a linked account, a deleted person, or a role
 * above the bot.
 */
export async function refusable(attempt: () => Promise<unknown>): Promise<void> {
  try {
    await attempt();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
  }
}
