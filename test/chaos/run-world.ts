import { expect } from 'vitest';
import { z } from 'zod';

import type { FactOrder, PlatformFact } from '../../services/model.js';
import { DEMO } from '../../services/sandbox/demo-world.js';
import { InputError } from '../../services/lib/errors.js';
import { cause } from '../builders/store-world.js';
import { eventually } from '../support/eventually.js';
import { mapDemoGroups, startRig, type Rig } from '../support/rig.js';
import { FactModel } from './model.js';
import {
  GROUPS,
  PEOPLE,
  type Group,
  type Person,
  type Step,
  type World,
} from './steps.js';

const { guildId, accounts } = DEMO;
const RolesChanged = z.array(z.object({ id: z.string() }));
const EVENT_HOST = '300000000000000002';
const CONNECTOR_BOT = '400000000000000010';

const ROLES: Readonly<Record<Group, string>> = {
  pilots: DEMO.roles.pilot,
  directors: DEMO.roles.director,
  recruits: DEMO.roles.recruit,
};

/** Plays a world on real parts and holds its end against the model. Throws what does not hold. */
export async function runWorld(
  databaseUrl: string,
  { steps, wholeListWrites }: World,
): Promise<void> {
  const rig = await startRig(databaseUrl, {
    timing: {
      callMs: 150,
      leaseMs: 2_000,
      pollMs: 200,
      retry: { baseMs: 20, maxMs: 100 },
    },
    store: { leaseMs: 2_000 },
  });
  try {
    const run = new Run(rig);
    await rig.store.clients.updateClient(
      rig.clientId,
      { wholeListWrites, removalGuard: { minimum: 10_000, percent: 100 } },
      cause,
    );
    await mapDemoGroups(rig);
    for (const step of steps) await run.take(step);
    await run.comeToRest();
    await run.check({ wholeListWrites });
  } finally {
    await rig.stop();
  }
}

class Run {
  readonly #facts = new FactModel();
  readonly #told: PlatformFact[] = [];
  readonly #eventHosts = new Set<Person>(['carol']);
  #lastUs = 1_000;

  constructor(readonly rig: Rig) {
    for (const group of GROUPS) {
      this.#facts.tell({
        kind: 'groupChanged',
        groupId: group,
        order: { sequence: null, timeUs: 1 },
        cause,
      });
    }
  }

  async take(step: Step): Promise<void> {
    const { store, discord, clientId } = this.rig;
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
      case 'deleteUser':
        return this.#tell({
          kind: 'userDeleted',
          platformUserId: step.person,
          order: this.#now(),
          cause,
        });
      case 'group':
        return this.#tell({
          kind: step.isDeleted ? 'groupDeleted' : 'groupChanged',
          groupId: step.group,
          order: { sequence: null, timeUs: step.at },
          cause,
        });
      case 'link':
        return refusable(() =>
          store.links.linkMember({
            clientId,
            platformUserId: step.person,
            discordUserId: accounts[step.account],
            cause,
          }),
        );
      case 'unlink': {
        const link = await store.read.findLinkByPlatformUser(
          clientId,
          step.person,
        );
        if (link !== undefined)
          await store.links.unlinkMember({ id: link.id, cause });
        return;
      }
      case 'retire':
        return this.#retire(step);
      case 'map':
        return refusable(() =>
          store.mappings.createMapping({
            clientId,
            groupId: step.group,
            roleId: ROLES[step.group],
            authority: null,
            dryRun: false,
            cause,
          }),
        );
      case 'hand':
        return this.#hand(step);
      case 'leave':
      case 'join':
        return this.#move(step.kind, step.account);
      case 'moveRole':
        discord.moderator.moveRole({
          guildId,
          roleId: ROLES[step.group],
          position: step.isAboveBot ? 9 : 3,
        });
        return;
      case 'fault':
        discord.faults.plant({
          effect: step.effect,
          times: step.times,
          guildId,
        });
        return;
      case 'replay':
        await store.applyFacts(this.#told);
        return;
      case 'restart':
        return this.rig.restart();
      case 'quiet':
        return this.rig.quiet();
    }
  }

  /** Faults off, roles below the bot, every linked member read once. */
  async comeToRest(): Promise<void> {
    const { discord, store, clientId } = this.rig;
    discord.faults.clear();
    for (const group of GROUPS)
      discord.moderator.moveRole({
        guildId,
        roleId: ROLES[group],
        position: 3,
      });
    await store.clearTrouble(clientId);
    await eventually(() => this.rig.importRoles().then(succeeded, failed));
    await this.rig.quiet();
    await eventually(
      async () =>
        (await this.rig.store.read.countLinks(clientId, {
          states: ['ENDING'],
        })) === 0,
    );
    await this.readEveryone();
  }

  async readEveryone(): Promise<void> {
    for (const { id } of await this.#links()) {
      await this.rig.store.links.reconcileMember({ id, cause, waitMs: 10_000 });
    }
    await this.rig.quiet();
  }

  async check({
    wholeListWrites,
  }: {
    readonly wholeListWrites: boolean;
  }): Promise<void> {
    const { discord } = this.rig;
    await this.#checkRoles();
    await this.#checkRecords();
    if (!wholeListWrites) this.#checkForeign();
    discord.calls.reset();
    await this.readEveryone();
    expect(this.rig.writes(), 'a second round writes').toBe(0);
    expect(discord.calls.invalidRequests(), 'a second round is refused').toBe(
      0,
    );
  }

  async #checkRoles(): Promise<void> {
    const [mappings = []] = await this.rig.store.read.mappingsOfClients([
      this.rig.clientId,
    ]);
    for (const link of await this.#links()) {
      expect(
        link.state,
        `${link.platformUserId} is ${link.state}: ${link.reason}`,
      ).toMatch(/^(IN_STEP|ABSENT)$/);
      const held = this.rig.discord.member(
        guildId,
        link.discordUserId,
      )?.roleIds;
      for (const { groupId, roleId } of mappings) {
        const knowledge = this.#facts.knowledge(link.platformUserId, groupId);
        if (knowledge === 'unknown') continue;
        const what = `${link.platformUserId} in ${groupId}: ${knowledge}, role ${roleId}`;
        expect(
          held === undefined ? 'absent' : held.includes(roleId),
          what,
        ).toBe(held === undefined ? 'absent' : knowledge === 'held');
      }
    }
  }

  /** Every change that the bot made names a record that planned it, and no record is left open. */
  async #checkRecords(): Promise<void> {
    const { rows } = await this.rig.store.read.pageAuditRecords(
      { clientId: this.rig.clientId },
      { limit: 1_000, after: null },
    );
    expect(
      rows.filter((record) => record.closedAt === null),
      'open records',
    ).toEqual([]);
    const byId = new Map(rows.map((record) => [record.id, record]));
    for (const entry of this.rig.discord.guild(guildId).auditLog) {
      if (entry.actorId !== CONNECTOR_BOT) continue;
      const record = byId.get(
        /audit record (\S+)/.exec(entry.reason ?? '')?.[1] ?? '',
      );
      expect(record, `no record for ${entry.reason}`).toBeDefined();
      for (const { key, new_value: roles } of entry.changes ?? []) {
        const planned =
          key === '$add' ? record?.plannedAdded : record?.plannedRemoved;
        for (const { id } of RolesChanged.parse(roles))
          expect(planned).toContain(id);
      }
    }
  }

  #checkForeign(): void {
    for (const person of PEOPLE) {
      const member = this.rig.discord.member(guildId, accounts[person]);
      if (member === undefined) continue;
      expect(
        member.roleIds.includes(EVENT_HOST),
        `the foreign role of ${person}`,
      ).toBe(this.#eventHosts.has(person));
    }
  }

  async #tell(fact: PlatformFact): Promise<void> {
    this.#facts.tell(fact);
    this.#told.push(fact);
    await this.rig.store.applyFacts([fact]);
  }

  async #retire({
    group,
    takesBack,
  }: Extract<Step, { kind: 'retire' }>): Promise<void> {
    const [mappings = []] = await this.rig.store.read.mappingsOfClients([
      this.rig.clientId,
    ]);
    const mapping = mappings.find((candidate) => candidate.groupId === group);
    if (mapping === undefined) return;
    const holders = takesBack ? 'TAKE_BACK' : 'LEAVE';
    await this.rig.store.mappings.retireMapping({
      id: mapping.id,
      holders,
      dryRun: false,
      cause,
    });
  }

  #hand({ account, role, isGiven }: Extract<Step, { kind: 'hand' }>): void {
    const { discord } = this.rig;
    const discordUserId = accounts[account];
    if (discord.member(guildId, discordUserId) === undefined) return;
    const which = {
      guildId,
      discordUserId,
      roleId: role === 'eventHost' ? EVENT_HOST : ROLES[role],
    };
    if (isGiven) discord.moderator.giveRole(which);
    else discord.moderator.takeRole(which);
    if (role !== 'eventHost') return;
    if (isGiven) this.#eventHosts.add(account);
    else this.#eventHosts.delete(account);
  }

  #move(kind: 'leave' | 'join', account: Person): void {
    const { discord } = this.rig;
    const which = { guildId, discordUserId: accounts[account] };
    const isPresent =
      discord.member(guildId, which.discordUserId) !== undefined;
    if (kind === 'leave' && isPresent) {
      discord.moderator.leave(which);
      this.#eventHosts.delete(account);
    }
    if (kind === 'join' && !isPresent) discord.moderator.join(which);
  }

  async #links() {
    const { rows } = await this.rig.store.read.pageLinks(
      this.rig.clientId,
      {},
      { limit: 100, after: null },
    );
    return rows;
  }

  #now(): FactOrder {
    this.#lastUs += 1;
    return { sequence: null, timeUs: this.#lastUs };
  }
}

function orderOf({
  at,
  sequence,
}: {
  readonly at: number;
  readonly sequence: number | null;
}): FactOrder {
  return { sequence, timeUs: at };
}

const succeeded = () => true;

/** A limit that a fault has left behind is waited out. */
const failed = () => false;

/** A world may ask for what is refused: an account that is taken, a person who was deleted, a role above the bot. */
async function refusable(attempt: () => Promise<unknown>): Promise<void> {
  try {
    await attempt();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
  }
}
