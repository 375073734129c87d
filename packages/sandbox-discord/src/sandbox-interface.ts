import type { SandboxGateway, SandboxGatewaySettings } from './gateway/gateway-interface.js';
import type { SandboxModerator } from './moderator-interface.js';
import type { SandboxOAuth } from './oauth-interface.js';
import type { FullGuild, FullMember, SandboxWorld } from './world.js';

/**
 * A small Discord over HTTP and websockets on loopback, with the rules that matter to programs that assign roles.
 * In: calls to `apiBase`, edits by a moderator, faults. Out: answers as Discord gives them, and a
 * page at `url`.
 * Never: a call to anywhere else, or a file of its own; to keep the world, save `world()`.
 */
export type SandboxDiscord = {
  start(): Promise<SandboxAddress>;
  stop(): Promise<void>;
  /** The whole current world as plain JSON. */
  world(): Required<SandboxWorld>;
  /** Throws if the guild does not exist. */
  guild(guildId: string): FullGuild;
  /** Undefined if the person is not in the guild. */
  member(guildId: string, discordUserId: string): FullMember | undefined;
  readonly calls: SandboxCalls;
  readonly faults: SandboxFaults;
  readonly moderator: SandboxModerator;
  readonly oauth: SandboxOAuth;
  readonly gateway: SandboxGateway;
};

export type SandboxDiscordOptions = {
  readonly world: SandboxWorld;
  /** 0, the default, picks any free port. */
  readonly port?: number;
  readonly host?: string;
  /** Milliseconds since 1970; by default the machine's clock. */
  readonly clock?: () => number;
  /**
   * Returns a number between 0 and 1; used only by faults with a probability. Pass a seeded
   * generator if a run must be repeatable.
   */
  readonly random?: () => number;
  /**
   * Replaces single limits. Null for one limit lifts that limit; null for this option lifts all.
   */
  readonly limits?: Partial<SandboxLimits> | null;
  readonly quirks?: Partial<SandboxQuirks>;
  readonly gateway?: Partial<SandboxGatewaySettings>;
  /** Called after each change of the world; save `world()` when convenient. */
  readonly onChange?: () => void;
};

export type SandboxAddress = {
  /**
   * `http://127.0.0.1:PORT`: the page. REST clients that add the version to the path themselves use
   * `${url}/api` and version 10.
   */
  readonly url: string;
  readonly port: number;
  /** `http://127.0.0.1:PORT/api/v10` */
  readonly apiBase: string;
};

/**
 * `fixed`: all calls become available again at once, one window after the first call. `sliding`:
 * they become available one by one.
 */
export type SandboxLimit = {
  readonly limit: number;
  readonly windowMs: number;
  readonly window: 'fixed' | 'sliding';
};

export type SandboxLimits = {
  /** Per bot, across all guilds. */
  readonly global: SandboxLimit | null;
  readonly memberPatch: SandboxLimit | null;
  readonly memberGet: SandboxLimit | null;
  /** PUT and DELETE of one role of a member, combined. */
  readonly memberRoles: SandboxLimit | null;
  /** PUT of a member: adding a person who consented. */
  readonly memberJoin: SandboxLimit | null;
  /**
   * Gives DELETE of a member's role a bucket of its own. Default: null, it shares `memberRoles`.
   */
  readonly memberRolesDelete: SandboxLimit | null;
  /** Applies to each other route separately. */
  readonly others: SandboxLimit | null;
  /**
   * Answers with 401, 403 or 429, to all callers together. Beyond this limit every call is refused
   * as Cloudflare does.
   */
  readonly invalidRequests: SandboxLimit | null;
  /** Payloads that a bot sends on one connection to the gateway; beyond it, close code 4008. */
  readonly gatewaySends: SandboxLimit | null;
  /** Identifies of a bot; beyond it, all its sessions end and its token is refused. */
  readonly gatewayStarts: SandboxLimit | null;
  /** Identifies of a bot for each `shard_id % max_concurrency`; beyond it, opcode 9. */
  readonly gatewayIdentifies: SandboxLimit | null;
  /** Requests for all members of a guild, by session; beyond it, RATE_LIMITED. */
  readonly gatewayMemberLists: SandboxLimit | null;
};

/** Where the documentation is silent and reports differ, either behaviour can be chosen. */
export type SandboxQuirks = {
  /** The code for a guild that the bot is not in. Default 10004. */
  readonly unknownGuildCode: 10004 | 50001;
  /** The code for a PATCH that names an unknown role. Default 10011. */
  readonly unknownRoleInPatchCode: 10011 | 50035;
  /** The code for adding or removing a managed role. Default 50013. */
  readonly managedRoleCode: 50013 | 50028;
  /** A deleted role's id stays in its members' lists. Default false. */
  readonly keepsStaleRoleIds: boolean;
};

/**
 * A counted call: `route` is the template, e.g. `/guilds/{guild_id}/members/{user_id}`. `status` 0:
 * it was not answered.
 */
export type SandboxCall = {
  readonly at: number;
  readonly method: string;
  readonly route: string;
  readonly path: string;
  readonly status: number;
  readonly durationMs: number;
  readonly guildId?: string;
  readonly applicationId?: string;
  /** The audit reason, decoded. */
  readonly reason?: string;
  /** Discord's error code, if the answer was a refusal. */
  readonly code?: number;
  /** The kind of planted fault that hit this call. */
  readonly fault?: string;
};

export type SandboxCallFilter = Partial<
  Pick<SandboxCall, 'method' | 'route' | 'path' | 'status' | 'guildId' | 'applicationId' | 'code'>
>;

export type SandboxCalls = {
  /** The number of calls since the start or the last `reset()`. */
  count(filter?: Omit<SandboxCallFilter, 'path'>): number;
  /** `PATCH /guilds/{guild_id}/members/{user_id} 200` -> number of calls. */
  counts(): Readonly<Record<string, number>>;
  /** The last 200, oldest first. */
  recent(): readonly SandboxCall[];
  /** Answers with 401, 403 or 429 (without shared limits) since the start or the last `reset()`. */
  invalidRequests(): number;
  reset(): void;
  /** Calls the listener after every answered call. Returns a function that stops listening. */
  onCall(listener: (call: SandboxCall) => void): () => void;
  /** Resolves with the next matching call; rejects when none arrives in time (default 5 s). */
  waitForCall(filter: SandboxCallFilter, timeoutMs?: number): Promise<SandboxCall>;
};

export type SandboxFault = {
  readonly effect: SandboxFaultEffect;
  /**
   * The calls it applies to; by default every call to the API. `route` is a template or, ending in
   * `*`, a prefix.
   */
  readonly method?: string | undefined;
  readonly route?: string | undefined;
  readonly guildId?: string | undefined;
  readonly discordUserId?: string | undefined;
  /** How many calls it hits before it is used up. Default 1; null: until cleared. */
  readonly times?: number | null | undefined;
  /** The chance that it hits a matching call. Default 1. */
  readonly probability?: number | undefined;
};

/**
 * `moment: 'before'`, the default: nothing was done. `moment: 'after'`: the change was made, but
 * the caller does not learn of it.
 */
export type SandboxFaultEffect =
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly code?: number | undefined;
      readonly message?: string | undefined;
      /** For a form error: what is wrong, by field. */
      readonly errors?: Readonly<Record<string, unknown>> | undefined;
    }
  | { readonly kind: 'html'; readonly status: number }
  | {
      readonly kind: 'silence';
      readonly moment?: 'before' | 'after' | undefined;
    }
  | { readonly kind: 'drop'; readonly moment?: 'before' | 'after' | undefined }
  | { readonly kind: 'latency'; readonly ms: number }
  | { readonly kind: 'sharedLimit'; readonly retryAfterMs: number }
  | { readonly kind: 'globalLimit'; readonly retryAfterMs: number }
  | {
      readonly kind: 'cloudflareLimit';
      readonly retryAfterMs?: number | undefined;
    }
  /** Like `cloudflareLimit`, but in plain text and always with a wait. */
  | { readonly kind: 'plainLimit'; readonly retryAfterMs: number }
  /** AutoMod refuses the nickname of writes that set one. */
  | { readonly kind: 'autoMod' }
  /** Answers success and writes the audit log, but does not keep the change. */
  | { readonly kind: 'lostWrite' }
  /** Reads return members as they were before their last change. */
  | { readonly kind: 'staleRead' };

export type PlantedFault = SandboxFault & {
  readonly faultId: number;
  /** How many more calls the fault hits; null: until cleared. */
  readonly left: number | null;
};

export type SandboxFaults = {
  plant(fault: SandboxFault): number;
  remove(faultId: number): void;
  clear(): void;
  list(): readonly PlantedFault[];
};
