import { PermissionFlagsBits } from 'discord-api-types/v10';
import type { SandboxDiscord } from 'sandbox-discord';

import { DEMO } from '../../services/demo/demo-world.js';
import { PEOPLE, type DiscordStep, type ForeignRole, type Person, type Role } from './steps.js';
import type { Wishes } from './wishes.js';

const { guildId, accounts } = DEMO;
const BOT = '400000000000000010';
const BOT_ROLE = '300000000000000006';
const EVENT_HOST = '300000000000000002';
export const CONNECTOR_BOT = BOT;
/** A bot of others, which changes roles like a moderator. */
export const OTHER_BOT = '400000000000000011';
const MAY_MANAGE =
  PermissionFlagsBits.ManageRoles |
  PermissionFlagsBits.ManageNicknames |
  PermissionFlagsBits.ViewAuditLog;

/**
 * An edit by a person, or by another bot; `roleId` is null for leaving and joining, which affect
 * every role.
 */
export interface HandEdit {
  readonly account: Person;
  readonly roleId: string | null;
  readonly isGiven: boolean;
  /** Another bot made it. */
  readonly isBot: boolean;
  readonly at: number;
}

/** Longer than a world, whose clocks differ by up to two hours. */
const TIMEOUT_MS = 12 * 3_600_000;

/** When an account was pending; `until` is Infinity while only the bot could end it. */
export interface PendingSpan {
  readonly account: Person;
  /** 0: from the beginning, so that no reading ever showed the account otherwise. */
  readonly from: number;
  until: number;
}

/** Moderators and members who use Discord's own client, and their edits. */
export class DiscordHands {
  readonly edits: HandEdit[] = [];
  /** The holders of each foreign role; only people edit these roles. */
  readonly foreign = new Map<string, Set<Person>>([[EVENT_HOST, new Set(['carol'])]]);
  readonly pending: PendingSpan[] = [];
  readonly banned = new Set<Person>();
  /** When people changed a nickname. */
  readonly renames: { readonly account: Person; readonly at: number }[] = [];
  /** Accounts that were timed out at any time. */
  readonly timedOut = new Set<Person>();
  readonly #roles: Record<Role, string> = { ...DEMO.roles };
  /** The bot once lacked its permission or was not in the guild. */
  wasForbidden = false;
  readonly #above = new Set<string>();
  #newcomerId: string | null = null;
  #made = 0;

  constructor(
    readonly discord: SandboxDiscord,
    readonly wishes: Wishes,
  ) {}

  roleId(role: Role): string {
    return this.#roles[role];
  }

  exists(roleId: string): boolean {
    const { roles } = this.discord.guild(guildId);
    return roles.some((role) => role.roleId === roleId);
  }

  /** The role was once above the bot. */
  wasAbove(roleId: string): boolean {
    return this.#above.has(roleId);
  }

  wasAnyAbove(): boolean {
    return this.#above.size > 0;
  }

  held(account: Person): readonly string[] | undefined {
    return this.discord.member(guildId, accounts[account])?.roleIds;
  }

  take(step: DiscordStep): void {
    switch (step.kind) {
      case 'hand':
        return this.#hand(step);
      case 'leave':
      case 'join':
      case 'kick':
      case 'ban':
        return this.#move(step.kind, step.account);
      case 'rename':
        return this.#rename(step);
      case 'timeOut':
        return this.#timeOut(step.account, step.isOn);
      case 'moveRole':
        if (step.isAboveBot) this.#above.add(this.#roles[step.role]);
        return this.#place(this.#roles[step.role], step.isAboveBot ? 12 : 1);
      case 'deleteRole':
        return this.#deleteRole(step.role);
      case 'makeRole':
        return this.#makeRole(step.role);
      case 'permission':
        return this.#permit(step.isGiven);
      case 'bot':
        return this.#bot(step.isIn);
      case 'intent':
        return this.#intend(step.isGiven);
      case 'screening':
        return this.discord.moderator.editGuild({
          guildId,
          hasScreening: step.isOn,
          roleEndsScreening: step.roleEnds,
        });
      case 'pass':
        return this.#pass(step.account);
    }
  }

  isTimedOut(account: Person): boolean {
    const member = this.discord.member(guildId, accounts[account]);
    return (member?.communicationDisabledUntil ?? null) !== null;
  }

  isBotIn(): boolean {
    return this.discord.member(guildId, BOT) !== undefined;
  }

  isPending(account: Person): boolean {
    return this.discord.member(guildId, accounts[account])?.pending === true;
  }

  /** Call it at the beginning and after each step. */
  notePending(from = Date.now()): void {
    for (const account of PEOPLE) {
      const isNoted = this.pending.some(
        (span) => span.account === account && span.until > Date.now(),
      );
      if (this.isPending(account) && !isNoted)
        this.pending.push({ account, from, until: Infinity });
    }
  }

  #endPending(account: Person): void {
    for (const span of this.pending)
      if (span.account === account) span.until = Math.min(span.until, Date.now());
  }

  #pass(account: Person): void {
    if (this.held(account) === undefined) return;
    this.#endPending(account);
    this.discord.moderator.finishScreening({ guildId, discordUserId: accounts[account] });
  }

  /**
   * Repairs the guild: the bot is a member with its permissions and above the mapped roles, and
   * every member has passed screening and is free of timeouts.
   */
  setRight(): void {
    this.#bot(true);
    this.#permit(true);
    this.#intend(true);
    for (const account of PEOPLE) {
      this.#pass(account);
      this.#timeOut(account, false);
    }
    for (const roleId of new Set([...Object.values(this.#roles), ...this.wishes.roleIds()]))
      this.#place(roleId, 1);
  }

  #rename({ account, nick }: Extract<DiscordStep, { kind: 'rename' }>): void {
    if (this.held(account) === undefined) return;
    this.discord.moderator.setNick({ guildId, discordUserId: accounts[account], nick });
    this.renames.push({ account, at: Date.now() });
  }

  #timeOut(account: Person, isOn: boolean): void {
    if (this.held(account) === undefined) return;
    if (!isOn && !this.isTimedOut(account)) return;
    this.timedOut.add(account);
    const until = isOn ? new Date(Date.now() + TIMEOUT_MS).toISOString() : null;
    this.discord.moderator.setTimeOut({ guildId, discordUserId: accounts[account], until });
  }

  #hand({ account, role, isGiven, by }: Extract<DiscordStep, { kind: 'hand' }>): void {
    const roleId = this.#idOf(role);
    const discordUserId = accounts[account];
    if (this.held(account) === undefined || !this.exists(roleId)) return;
    const which = { guildId, discordUserId, roleId, ...(by === 'bot' && { actorId: OTHER_BOT }) };
    if (isGiven) this.discord.moderator.giveRole(which);
    else this.discord.moderator.takeRole(which);
    if (!this.isPending(account)) this.#endPending(account);
    this.edits.push({ account, roleId, isGiven, isBot: by === 'bot', at: Date.now() });
    this.wishes.excuse(roleId, account);
    const holders = this.foreign.get(roleId);
    if (isGiven) holders?.add(account);
    else holders?.delete(account);
  }

  #idOf(role: Role | ForeignRole): string {
    if (role === 'eventHost') return EVENT_HOST;
    if (role !== 'newcomer') return this.#roles[role];
    if (this.#newcomerId === null) {
      const made = this.discord.moderator.createRole({ guildId, name: role });
      this.#newcomerId = made.roleId;
      this.foreign.set(made.roleId, new Set());
    }
    return this.#newcomerId;
  }

  /** A banned account that joins was unbanned before. */
  #move(kind: 'leave' | 'join' | 'kick' | 'ban', account: Person): void {
    const which = { guildId, discordUserId: accounts[account] };
    const isPresent = this.held(account) !== undefined;
    if ((kind === 'join') === isPresent) return;
    this.#endPending(account);
    if (kind === 'join' && this.banned.delete(account)) this.discord.moderator.unban(which);
    if (kind === 'ban') this.banned.add(account);
    this.discord.moderator[kind](which);
    this.edits.push({
      account,
      roleId: null,
      isGiven: kind === 'join',
      isBot: false,
      at: Date.now(),
    });
    for (const holders of this.foreign.values()) holders.delete(account);
  }

  #deleteRole(role: Role): void {
    const roleId = this.#roles[role];
    if (this.exists(roleId)) this.discord.moderator.deleteRole({ guildId, roleId });
  }

  #makeRole(role: Role): void {
    if (this.exists(this.#roles[role])) return;
    this.#made += 1;
    const name = `${role} ${this.#made}`;
    this.#roles[role] = this.discord.moderator.createRole({
      guildId,
      name,
    }).roleId;
  }

  #place(roleId: string, position: number): void {
    if (this.exists(roleId)) this.discord.moderator.moveRole({ guildId, roleId, position });
  }

  #permit(isGiven: boolean): void {
    this.wasForbidden ||= !isGiven;
    const permissions = isGiven ? String(MAY_MANAGE) : '0';
    this.discord.moderator.editRole({ guildId, roleId: BOT_ROLE, permissions });
  }

  #intend(guildMembersIntent: boolean): void {
    const { applicationId } = DEMO;
    this.discord.moderator.setGuildMembersIntent({
      applicationId,
      guildMembersIntent,
    });
  }

  #bot(isIn: boolean): void {
    this.wasForbidden ||= !isIn;
    const which = { guildId, discordUserId: BOT };
    const isThere = this.isBotIn();
    if (!isIn && isThere) this.discord.moderator.kick(which);
    if (!isIn || isThere) return;
    this.discord.moderator.join(which);
    this.discord.moderator.giveRole({ ...which, roleId: BOT_ROLE });
  }
}
