import { setTimeout as sleep } from 'node:timers/promises';

import { InputError } from '../../services/lib/errors.js';
import type { PlatformFact } from '../../services/model.js';
import { DEMO } from '../../services/sandbox/demo-world.js';
import { cause } from '../builders/store-world.js';
import { SECRETS } from '../support/rig.js';
import { curesOf, type Cure } from './cures.js';
import { DiscordHands } from './hands.js';
import { Sweeping } from './sweeping.js';
import type { Stage } from './stage.js';
import {
  GROUPS,
  PEOPLE,
  type FactStep,
  type MutationStep,
  type Person,
  type Step,
  type TroubleStep,
} from './steps.js';
import { Limits } from './limits.js';
import { Timeline } from './timeline.js';
import { Wishes } from './wishes.js';

const { guildId, accounts } = DEMO;

/** Takes the steps of a world, one after the other, and keeps the model beside it. */
export class Play {
  readonly wishes = new Wishes();
  readonly hands: DiscordHands;
  readonly cures: Cure[] = [];
  readonly timeline = new Timeline();
  readonly sweeping: Sweeping;
  /** What a person has asked to be taken: from an account, or of a role. */
  readonly asked: Asked[] = [];
  readonly limits: Limits;
  readonly #told: PlatformFact[] = [];
  #lastUs = 1_000;

  constructor(
    readonly stage: Stage,
    readonly minimum: number,
  ) {
    this.hands = new DiscordHands(stage.discord, this.wishes);
    this.sweeping = new Sweeping(stage, this.wishes);
    this.limits = new Limits(minimum);
  }

  /** Three groups, each mapped to its role. */
  async begin(): Promise<void> {
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
    const accounts = cured.filter((one) => one !== 'all');
    this.sweeping.forget(step, { accounts, at: from });
    this.wishes.remember(PEOPLE);
    this.#noteTimes([...mapped, ...this.wishes.roleIds()], { from, until });
  }

  #noteAsked(step: Step, at: number): void {
    const { kind } = step;
    if (kind === 'retire' && step.takesBack)
      this.asked.push({
        account: null,
        roleId: this.hands.roleId(step.role),
        at,
      });
    if (kind !== 'unlink' && kind !== 'reconcile' && kind !== 'link') return;
    const account = this.wishes.links.get(step.person);
    if (account === undefined) return;
    // The same account again ends nothing.
    if (kind === 'link' && step.account === account) return;
    this.asked.push({ account, roleId: null, at });
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
        return refusable(async () => this.#mutate(step));
      case 'sweep':
      case 'cancelSweep':
      case 'decide':
        return refusable(async () => this.sweeping.take(step));
      case 'fault':
      case 'limit':
      case 'listing':
      case 'restart':
      case 'wait':
      case 'quiet':
        return this.#trouble(step);
      case 'hand':
      case 'leave':
      case 'join':
      case 'moveRole':
      case 'deleteRole':
      case 'makeRole':
      case 'permission':
      case 'bot':
      case 'intent':
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
        this.wishes.unlink(step.person);
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
    await this.stage.store.applyFacts([fact]);
  }

  async #replay(how: 'atOnce' | 'oneByOne' | 'backwards'): Promise<void> {
    const { store } = this.stage;
    if (how === 'atOnce') return void (await store.applyFacts(this.#told));
    const facts = how === 'backwards' ? this.#told.toReversed() : this.#told;
    for (const fact of facts) await store.applyFacts([fact]);
  }

  async #mutate(step: MutationStep): Promise<void> {
    const { wishes, stage } = this;
    const { store, clientId } = stage;
    switch (step.kind) {
      case 'link': {
        const discordUserId = accounts[step.account];
        await store.links.linkMember({
          clientId,
          platformUserId: step.person,
          discordUserId,
          cause,
        });
        return wishes.link(step.person, step.account);
      }
      case 'unlink': {
        const link = await this.#linkOf(step.person);
        if (link === undefined) return;
        await store.links.unlinkMember({ id: link.id, cause });
        return wishes.unlink(step.person);
      }
      case 'reconcile': {
        const link = await this.#linkOf(step.person);
        if (link !== undefined)
          await store.links.reconcileMember({ id: link.id, cause, waitMs: 50 });
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
        await store.mappings.updateMapping({
          id: mapping.id,
          authority: step.authority,
          cause,
        });
        mapping.authority = step.authority;
        return;
      }
      case 'clientAuthority':
        for (const roleId of wishes.roleIds()) wishes.excuse(roleId);
        // Refused where a group would be asked for by two roles.
        await stage.update({ authority: step.authority });
        wishes.clientAuthority = step.authority;
        return;
      case 'enable':
        return stage.update({ isEnabled: step.isEnabled });
      case 'guard':
        await stage.update({
          removalGuard: { minimum: step.minimum, percent: 0 },
        });
        return this.limits.set(step.minimum);
      case 'unknown':
        wishes.keepsUnknown = step.keeps;
        return stage.update({
          unknownMembership: step.keeps ? 'KEEP' : 'REMOVE',
        });
      case 'importRoles':
        return void (await stage.importRoles().catch(() => undefined));
      case 'mend':
        return stage.update({ botToken: SECRETS.botToken });
    }
  }

  async #map({ group, role }: Extract<Step, { kind: 'map' }>): Promise<void> {
    const { clientId, store } = this.stage;
    const roleId = this.hands.roleId(role);
    const { mapping } = await store.mappings.createMapping({
      clientId,
      groupId: group,
      roleId,
      authority: null,
      dryRun: false,
      cause,
    });
    if (mapping === null) return;
    this.wishes.map({
      id: mapping.id,
      group,
      roleId,
      authority: null,
      isRetired: false,
    });
  }

  async #retire({
    group,
    role,
    takesBack,
  }: Extract<Step, { kind: 'retire' }>): Promise<void> {
    const mapping = this.wishes.mapped(group, this.hands.roleId(role));
    if (mapping === undefined) return;
    const holders = takesBack ? 'TAKE_BACK' : 'LEAVE';
    await this.stage.store.mappings.retireMapping({
      id: mapping.id,
      holders,
      dryRun: false,
      cause,
    });
    this.wishes.retire(mapping, takesBack);
  }

  async #trouble(step: TroubleStep): Promise<void> {
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
      case 'limit':
        return stage.wire.plantLimit(step.form);
      case 'listing':
        return stage.wire.listings.plant(step.form, step.times);
      case 'restart':
        return stage.crew.replace(step.place, step.how);
      case 'wait':
        return sleep(step.ms);
      case 'quiet':
        return this.#lull();
    }
  }

  /** Lets things settle if they do so soon; a client in trouble does not. */
  async #lull(): Promise<void> {
    const { store, clientId } = this.stage;
    const untilMs = Date.now() + 1_500;
    const counts = async () =>
      store.read.countLinks(clientId, { states: ['PENDING'] });
    while ((await counts()) > 0 && Date.now() < untilMs) await sleep(20);
    const { rows } = await store.read.pageLinks(
      clientId,
      { states: ['ENDING'] },
      { limit: 100, after: null },
    );
    const ending = new Set<string>(rows.map((row) => row.discordUserId));
    for (const account of this.wishes.ending)
      if (!ending.has(accounts[account])) this.wishes.ending.delete(account);
  }

  async #linkOf(person: Person) {
    const { store, clientId } = this.stage;
    return store.read.findLinkByPlatformUser(clientId, person);
  }
}

/** Null: any. */
export interface Asked {
  readonly account: Person | null;
  readonly roleId: string | null;
  readonly at: number;
}

const CALLS = {
  all: {},
  reads: { method: 'GET' },
  writes: { route: '/guilds/{guild_id}/members/{user_id}/roles/{role_id}' },
  lists: { method: 'PATCH' },
  listings: { method: 'GET', route: '/guilds/{guild_id}/members' },
  counts: { method: 'GET', route: '/guilds/{guild_id}/roles/member-counts' },
} as const;

function orderOf({ at, sequence }: { at: number; sequence: number | null }) {
  return { sequence, timeUs: at };
}

/** A world may ask for what is refused: an account that is taken, a person who was deleted, a role above the bot. */
export async function refusable(
  attempt: () => Promise<unknown>,
): Promise<void> {
  try {
    await attempt();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
  }
}
