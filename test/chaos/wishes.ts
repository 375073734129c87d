import type { Authority } from '../../services/model.js';
import { FactModel } from './model.js';
import type { Group, Person } from './steps.js';

export interface ModelMapping {
  readonly id: string;
  readonly group: Group;
  readonly roleId: string;
  authority: Authority | null;
  isRetired: boolean;
}

export type Verdict = 'yes' | 'no' | 'unknown' | 'none';

/**
 * The roles each account should hold, computed from all requests and from no reading. It also
 * records every verdict that ever held, so that each change can be checked against the reasons of
 * its time.
 */
export class Wishes {
  readonly facts = new FactModel();
  readonly links = new Map<Person, Person>();
  /** Accounts whose link may still be ending. */
  readonly ending = new Set<Person>();
  readonly mappings = new Map<string, ModelMapping>();
  clientAuthority: Authority = 'PLATFORM';
  keepsUnknown = true;

  constructor(
    /** Never written to, even if a person is linked to it. */
    readonly bot: Person | null = null,
  ) {}

  readonly #ever = new Set<string>();
  readonly #mustBeGone = new Set<string>();

  mapped(group: Group, roleId: string): ModelMapping | undefined {
    return this.mappings.get(`${group} ${roleId}`);
  }

  map(mapping: ModelMapping): void {
    this.mappings.set(`${mapping.group} ${mapping.roleId}`, mapping);
    this.excuse(mapping.roleId);
  }

  /**
   * LEAVE makes the role foreign unless another mapping names it; TAKE_BACK removes it from all
   * linked accounts.
   */
  retire(mapping: ModelMapping, takesBack: boolean): void {
    if (!takesBack) {
      this.mappings.delete(`${mapping.group} ${mapping.roleId}`);
      return this.excuse(mapping.roleId);
    }
    mapping.isRetired = true;
  }

  link(person: Person, account: Person): void {
    const before = this.links.get(person);
    if (before !== undefined && before !== account) this.unlink(person);
    this.links.set(person, account);
    for (const roleId of this.roleIds()) this.#mustBeGone.delete(`${account} ${roleId}`);
  }

  deleteUser(person: Person): void {
    this.unlink(person);
  }

  /**
   * The role stays, and a link that was ending ends without it: the guard holds an unlink beyond
   * the limit like any removal.
   */
  reject(account: Person, roleId: string): void {
    this.excuse(roleId, account);
  }

  unlink(person: Person): void {
    const account = this.links.get(person);
    if (account === undefined) return;
    this.links.delete(person);
    this.ending.add(account);
    if (account === this.bot) return;
    for (const roleId of this.roleIds()) {
      const named = this.#naming(roleId);
      // A retired mapping may already be forgotten, which makes its role foreign.
      const isMapped = named.some((mapping) => !mapping.isRetired);
      if (isMapped && named.every((mapping) => this.#isOurs(mapping)))
        this.#mustBeGone.add(`${account} ${roleId}`);
    }
  }

  /** From now on the model makes no claim about this role, of this account or of all. */
  excuse(roleId: string, account?: Person): void {
    for (const key of this.#mustBeGone) {
      if (account === undefined ? key.endsWith(` ${roleId}`) : key === `${account} ${roleId}`)
        this.#mustBeGone.delete(key);
    }
  }

  mustBeGone(account: Person, roleId: string): boolean {
    return this.#mustBeGone.has(`${account} ${roleId}`);
  }

  roleIds(): readonly string[] {
    return [...new Set([...this.mappings.values()].map(({ roleId }) => roleId))];
  }

  ownerOf(account: Person): Person | undefined {
    return [...this.links].find(([, linked]) => linked === account)?.[0];
  }

  /** Whether the account should hold this role; `none`: the model makes no claim. */
  verdict(account: Person, roleId: string): Verdict {
    if (account === this.bot) return 'none';
    const person = this.ownerOf(account);
    const active = this.#naming(roleId).filter(({ isRetired }) => !isRetired);
    if (person === undefined || active.length === 0) return 'none';
    const verdicts = new Set(active.map((each) => this.#verdictOf(person, each)));
    if (verdicts.has('yes')) return 'yes';
    if (verdicts.has('unknown')) return 'unknown';
    // A retired mapping without PLATFORM authority gives no verdict while it lasts.
    return this.#naming(roleId).every((each) => this.#isOurs(each)) ? 'no' : 'none';
  }

  /** Call it after each step: records the changes that are allowed from now on. */
  remember(accounts: readonly Person[]): void {
    for (const account of accounts) {
      for (const roleId of this.roleIds()) {
        for (const verdict of this.#possible(account, roleId))
          this.#ever.add(`${account} ${roleId} ${verdict}`);
      }
    }
  }

  /** Desired, or added by the first reading of a mapping with DISCORD authority. */
  mayBeGiven(account: Person, roleId: string): boolean {
    return this.#possible(account, roleId).includes('yes');
  }

  hasDiscords(): boolean {
    return [...this.mappings.values()].some((each) => this.isDiscords(each));
  }

  /** Whether the connector may remove this role now. */
  mayBeTaken(account: Person, roleId: string): boolean {
    return this.#possible(account, roleId).includes('no');
  }

  ever(account: Person, roleId: string, verdict: 'yes' | 'no'): boolean {
    return this.#ever.has(`${account} ${roleId} ${verdict}`);
  }

  #possible(account: Person, roleId: string): readonly Verdict[] {
    if (account === this.bot) return ['none'];
    const named = this.#naming(roleId).filter((each) => this.#isOurs(each));
    const isOnlyRetired = named.length > 0 && named.every((each) => each.isRetired);
    const isLinked = this.ownerOf(account) !== undefined;
    const isEnding = this.ending.has(account) && named.length > 0;
    return [
      this.verdict(account, roleId),
      ...(this.#isUnited(account, roleId) ? ['yes' as const] : []),
      ...(isEnding || (isLinked && isOnlyRetired) ? ['no' as const] : []),
    ];
  }

  /**
   * With DISCORD authority the first reading adds the roles that the platform grants, and removes
   * none.
   */
  #isUnited(account: Person, roleId: string): boolean {
    const person = this.ownerOf(account);
    return (
      person !== undefined &&
      this.#naming(roleId).some(
        (each) =>
          this.isDiscords(each) &&
          !each.isRetired &&
          this.facts.knowledge(person, each.group) === 'held',
      )
    );
  }

  isDiscords({ authority }: ModelMapping): boolean {
    return (authority ?? this.clientAuthority) === 'DISCORD';
  }

  #naming(roleId: string): readonly ModelMapping[] {
    return [...this.mappings.values()].filter((each) => each.roleId === roleId);
  }

  #isOurs({ authority }: ModelMapping): boolean {
    return (authority ?? this.clientAuthority) === 'PLATFORM';
  }

  #verdictOf(person: Person, mapping: ModelMapping): Verdict {
    if (!this.#isOurs(mapping)) return 'unknown';
    const knowledge = this.facts.knowledge(person, mapping.group);
    if (knowledge === 'unknown') return this.keepsUnknown ? 'unknown' : 'no';
    return knowledge === 'held' ? 'yes' : 'no';
  }
}
