import type { ClientId, GuildRoleReading, RoleId, RoleRefusal } from '../../model.js';
import type { DiscordMembers, GuildRef, Memory, MemberFacts } from '../ports.js';

/**
 * Refusals and obstacles cause at most one reading of the guild, its roles and the bot in this time.
 * What changes at Discord meanwhile is seen by the next sweep or run after it.
 */
const READ_AGAIN_MS = 60_000;
/** A person who asks for one member has probably just changed something. */
const READ_AGAIN_ASKED_MS = 5_000;

export interface GuildRoles {
  /**
   * Checks whether known refusals still hold. Resolves with roles newer than facts read at
   * `facts.readAtMs`; null: the facts are as new as the last reading.
   */
  refresh(
    guild: GuildRef,
    facts: { readonly readAtMs: number; readonly isAskedFor: boolean },
  ): Promise<GuildRoleReading | null>;
  /** Reads the roles, no matter how recently they were read. */
  readAnew(guild: GuildRef): Promise<GuildRoleReading>;
  /**
   * Discord refused to change these roles, or a nickname, which should have been possible, so the
   * roles are read again. If that fails they are doubtful. False: a reading of the last minute has
   * already shown the roles as assignable, so they are doubtful too, and the refusal is explained
   * when they may be read again.
   */
  explainRefusal(guild: GuildRef, roleIds: readonly RoleId[]): Promise<boolean>;
  /**
   * Reads doubtful roles as soon as that may be, before another write fails for the same reason;
   * null: nothing was read.
   */
  catchUp(guild: GuildRef): Promise<GuildRoleReading | null>;
  /**
   * Discord refused a list with these ids. Ids that the guild's role list lacks become suspects: a
   * member may still show the id of a deleted role, and a list with it is refused. No role is
   * dropped because of that, as the role list may be the one that is behind.
   */
  suspectRefused(guild: GuildRef, roleIds: readonly RoleId[]): Promise<void>;
  /** A list with one of these ids was refused, and the latest role list still lacks it. */
  hasSuspect(roleIds: readonly RoleId[]): boolean;
}

/** The facts with the newly read roles. */
export function withRoles(facts: MemberFacts, reading: GuildRoleReading | null): MemberFacts {
  if (reading === null) return facts;
  const { ownerId, roles } = reading;
  const known = [...facts.roles.keys()];
  return {
    ...facts,
    roles: new Map<RoleId, RoleRefusal | null>([
      ...known.map((roleId) => [roleId, 'UNKNOWN_ROLE'] as const),
      ...roles.map(({ roleId, refusal }) => [roleId, refusal] as const),
    ]),
    renaming: {
      ownerId,
      refusals: new Map(
        roles.flatMap(({ roleId, renameRefusal }) =>
          renameRefusal === undefined ? [] : [[roleId, renameRefusal] as const],
        ),
      ),
    },
  };
}

interface Deps {
  readonly discord: Pick<DiscordMembers, 'readRoles'>;
  readonly memory: Pick<Memory, 'saveRoles'>;
  readonly clock: () => number;
}

export const createGuildRoles = (deps: Deps): GuildRoles => new LatestRoles(deps);

class LatestRoles implements GuildRoles {
  readonly #read = new Map<
    ClientId,
    { readonly reading: GuildRoleReading; readonly atMs: number }
  >();
  readonly #suspects = new Set<RoleId>();
  readonly #doubted = new Set<ClientId>();
  /** When a refusal or an obstacle last caused a reading. */
  readonly #explainedAtMs = new Map<ClientId, number>();
  readonly #explaining = new Map<ClientId, Promise<GuildRoleReading>>();

  constructor(readonly deps: Deps) {}

  async refresh(
    guild: GuildRef,
    { readAtMs, isAskedFor }: Parameters<GuildRoles['refresh']>[1],
  ): Promise<GuildRoleReading | null> {
    const anew = await this.#explain(guild, isAskedFor ? READ_AGAIN_ASKED_MS : READ_AGAIN_MS);
    const last = this.#read.get(guild.clientId);
    if (anew !== null || last === undefined) return anew;
    return last.atMs >= readAtMs ? last.reading : null;
  }

  async readAnew(guild: GuildRef): Promise<GuildRoleReading> {
    const reading = await this.deps.discord.readRoles(guild);
    await this.deps.memory.saveRoles(guild.clientId, reading);
    this.#read.set(guild.clientId, { reading, atMs: this.deps.clock() });
    for (const { roleId } of reading.roles) this.#suspects.delete(roleId);
    return reading;
  }

  async explainRefusal(guild: GuildRef, roleIds: readonly RoleId[]): Promise<boolean> {
    const last = this.#read.get(guild.clientId)?.reading.roles ?? [];
    // Someone else has read the roles since, or these would not have been written.
    const isOutdated = last.some(
      ({ roleId, refusal }) => roleIds.includes(roleId) && refusal !== null,
    );
    return (await this.#explain(guild, isOutdated ? 0 : READ_AGAIN_MS)) !== null;
  }

  async catchUp(guild: GuildRef): Promise<GuildRoleReading | null> {
    return this.#doubted.has(guild.clientId) ? this.#explain(guild, READ_AGAIN_MS) : null;
  }

  async suspectRefused(guild: GuildRef, roleIds: readonly RoleId[]): Promise<void> {
    if (this.#unlisted(guild, roleIds).length === 0) return;
    await this.#explain(guild, READ_AGAIN_MS);
    for (const roleId of this.#unlisted(guild, roleIds)) this.#suspects.add(roleId);
  }

  hasSuspect(roleIds: readonly RoleId[]): boolean {
    return roleIds.some((roleId) => this.#suspects.has(roleId));
  }

  #unlisted({ clientId }: GuildRef, roleIds: readonly RoleId[]): readonly RoleId[] {
    const listed = new Set(this.#read.get(clientId)?.reading.roles.map(({ roleId }) => roleId));
    return roleIds.filter((roleId) => !listed.has(roleId));
  }

  /** Null: the roles stay doubtful until they may be read again. Concurrent runs share a reading. */
  async #explain(guild: GuildRef, readAgainMs: number): Promise<GuildRoleReading | null> {
    const { clientId } = guild;
    const underWay = this.#explaining.get(clientId);
    if (underWay !== undefined) return underWay;
    this.#doubted.add(clientId);
    const sinceMs = this.deps.clock() - (this.#explainedAtMs.get(clientId) ?? -Infinity);
    // A clock that was set back must not delay the reading.
    if (sinceMs >= 0 && sinceMs < readAgainMs) return null;
    const reading = this.readAnew(guild);
    this.#explaining.set(clientId, reading);
    try {
      const roles = await reading;
      this.#explainedAtMs.set(clientId, this.deps.clock());
      this.#doubted.delete(clientId);
      return roles;
    } finally {
      this.#explaining.delete(clientId);
    }
  }
}
