import type { ClientId, GuildRoleReading, RoleId, RoleRefusal } from '../../model.js';
import type { DiscordMembers, GuildRef, Memory, MemberFacts } from '../ports.js';

/**
 * Shortest time between two readings of a guild's roles that are caused by refused or blocked
 * changes. Role changes at Discord in between are observed by a later sweep or run.
 */
const READ_AGAIN_MS = 60_000;
/** READ_AGAIN_MS for runs requested by an admin, who has probably just changed something. */
const READ_AGAIN_ASKED_MS = 5_000;

export interface GuildRoles {
  /**
   * Reads the roles again, unless they were just read, to check whether known refusals still apply.
   * Resolves to roles newer than the facts, which were read at `facts.readAtMs`. Null: no newer
   * roles are known.
   */
  refresh(
    guild: GuildRef,
    facts: { readonly readAtMs: number; readonly isAskedFor: boolean },
  ): Promise<GuildRoleReading | null>;
  /** Reads the roles, no matter how recently they were read. */
  readAnew(guild: GuildRef): Promise<GuildRoleReading>;
  /**
   * Reads the roles after Discord refused to change `roleIds`, or a nickname, although the known
   * roles allow it. Resolves to false if it is too early to read them again (READ_AGAIN_MS). Until
   * a reading succeeds the roles are doubtful; see `catchUp`.
   */
  explainRefusal(guild: GuildRef, roleIds: readonly RoleId[]): Promise<boolean>;
  /**
   * Reads the roles if they are doubtful and READ_AGAIN_MS has passed, before another write fails
   * for the same reason. Resolves to null if it read nothing.
   */
  catchUp(guild: GuildRef): Promise<GuildRoleReading | null>;
  /**
   * Call it when Discord refuses a role list with these ids. Marks the ids that the guild's role
   * list lacks as suspects: a member may still show a deleted role, and Discord refuses a list that
   * contains it. Drops no role, because the guild's role list may be outdated instead.
   */
  suspectRefused(guild: GuildRef, roleIds: readonly RoleId[]): Promise<void>;
  /**
   * Whether one of these ids is a suspect: Discord refused a list with it, and the guild's latest
   * role list still lacks it.
   */
  hasSuspect(roleIds: readonly RoleId[]): boolean;
}

/** Returns the facts with the newly read roles. */
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
  /** Time of the last reading caused by a refusal or a blocked change. */
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
    // If the last reading already shows that the bot cannot change one of these roles, the facts of
    // this run are older than that reading. READ_AGAIN_MS then does not apply.
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

  /**
   * Reads the roles; concurrent runs share one reading. Resolves to null if it is too early to read
   * again: the roles stay doubtful.
   */
  async #explain(guild: GuildRef, readAgainMs: number): Promise<GuildRoleReading | null> {
    const { clientId } = guild;
    const underWay = this.#explaining.get(clientId);
    if (underWay !== undefined) return underWay;
    this.#doubted.add(clientId);
    const sinceMs = this.deps.clock() - (this.#explainedAtMs.get(clientId) ?? -Infinity);
    // Ignore a time in the future: the clock was set back.
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
