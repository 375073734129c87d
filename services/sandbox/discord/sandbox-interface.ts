import type { SandboxModerator } from './moderator-interface.js';
import type { SandboxOAuth } from './oauth-interface.js';
import type { FullGuild, FullMember, SandboxWorld } from './world.js';

/**
 * A small Discord over HTTP, on loopback, with the rules that matter to whoever gives roles.
 * In: calls to `apiBase`, edits by a moderator, faults. Out: answers as Discord gives them, and a
 * page at `url`.
 * Never: a call to anywhere else, or a file of its own; whoever wants to keep the world writes
 * `world()` down.
 */
export type SandboxDiscord = {
  start(): Promise<SandboxAddress>;
  stop(): Promise<void>;
  /** Everything as it is now, as plain JSON. */
  world(): Required<SandboxWorld>;
  /** Throws when there is no such guild. */
  guild(guildId: string): FullGuild;
  /** Undefined when that person is not in the guild. */
  member(guildId: string, discordUserId: string): FullMember | undefined;
  readonly calls: SandboxCalls;
  readonly faults: SandboxFaults;
  readonly moderator: SandboxModerator;
  readonly oauth: SandboxOAuth;
};

export type SandboxDiscordOptions = {
  readonly world: SandboxWorld;
  /** 0, the default, takes any free port. */
  readonly port?: number;
  readonly host?: string;
  /** Milliseconds since 1970; default is the machine's clock. */
  readonly clock?: () => number;
  /**
   * Between 0 and 1; used by faults with a probability only. Pass a seeded one where a run must
   * repeat.
   */
  readonly random?: () => number;
  /** Replaces single limits; null for one lifts it, null for all lifts all. */
  readonly limits?: Partial<SandboxLimits> | null;
  readonly quirks?: Partial<SandboxQuirks>;
  /** After each change of the world; write `world()` down when it suits you. */
  readonly onChange?: () => void;
};

export type SandboxAddress = {
  /**
   * `http://127.0.0.1:PORT`: the page. A stranger's REST client takes `${url}/api` and version 10.
   */
  readonly url: string;
  readonly port: number;
  /** `http://127.0.0.1:PORT/api/v10` */
  readonly apiBase: string;
};

/**
 * `fixed`: all calls come back at once, a window after the first. `sliding`: they come back one by
 * one.
 */
export type SandboxLimit = {
  readonly limit: number;
  readonly windowMs: number;
  readonly window: 'fixed' | 'sliding';
};

export type SandboxLimits = {
  /** Per bot, over all guilds. */
  readonly global: SandboxLimit | null;
  readonly memberPatch: SandboxLimit | null;
  readonly memberGet: SandboxLimit | null;
  /** PUT and DELETE of one role of a member, together. */
  readonly memberRoles: SandboxLimit | null;
  /** PUT of a member: adding one who agreed. */
  readonly memberJoin: SandboxLimit | null;
  /**
   * Set it to give DELETE of a member's role a bucket of its own. Default: null, it shares
   * `memberRoles`.
   */
  readonly memberRolesDelete: SandboxLimit | null;
  /** Each other route for itself. */
  readonly others: SandboxLimit | null;
  /** 401, 403 and 429 of one sender; beyond it everything is refused as Cloudflare does. */
  readonly invalidRequests: SandboxLimit | null;
};

/** Where the documentation is silent and reports differ, both readings can be had. */
export type SandboxQuirks = {
  /** What a bot is told about a guild it is not in. Default 10004. */
  readonly unknownGuildCode: 10004 | 50001;
  /** What a PATCH naming an unknown role is told. Default 10011. */
  readonly unknownRoleInPatchCode: 10011 | 50035;
  /** What giving or taking a managed role is told. Default 50013. */
  readonly managedRoleCode: 50013 | 50028;
  /** A deleted role's id stays in its members' lists. Default false. */
  readonly keepsStaleRoleIds: boolean;
};

/**
 * A call as counted: `route` is the template, e.g. `/guilds/{guild_id}/members/{user_id}`. `status`
 * 0: no answer was given.
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
  /** Discord's error code, when the answer was a refusal. */
  readonly code?: number;
  /** The kind of the planted fault that met this call. */
  readonly fault?: string;
};

export type SandboxCallFilter = Partial<
  Pick<SandboxCall, 'method' | 'route' | 'path' | 'status' | 'guildId' | 'applicationId' | 'code'>
>;

export type SandboxCalls = {
  /** Since the start or the last `reset()`. */
  count(filter?: Omit<SandboxCallFilter, 'path'>): number;
  /** `PATCH /guilds/{guild_id}/members/{user_id} 200` -> how often. */
  counts(): Readonly<Record<string, number>>;
  /** The last 200, oldest first. */
  recent(): readonly SandboxCall[];
  /** 401, 403 and 429 that are not shared, since the start or the last `reset()`. */
  invalidRequests(): number;
  reset(): void;
  /** Told of every call once it is answered. Returns how to stop listening. */
  onCall(listener: (call: SandboxCall) => void): () => void;
  /** The next call that fits, from now on; rejects when none comes in time (default 5 s). */
  waitForCall(filter: SandboxCallFilter, timeoutMs?: number): Promise<SandboxCall>;
};

export type SandboxFault = {
  readonly effect: SandboxFaultEffect;
  /**
   * Which calls; left out: every call to the API. `route` is a template or, ending in `*`, its
   * beginning.
   */
  readonly method?: string | undefined;
  readonly route?: string | undefined;
  readonly guildId?: string | undefined;
  readonly discordUserId?: string | undefined;
  /** How many calls it meets, then it is spent. Default 1; null: until cleared. */
  readonly times?: number | null | undefined;
  /** Chance that a fitting call meets it. Default 1. */
  readonly probability?: number | undefined;
};

/** `before`: nothing was done. `after`: the change was made, the caller does not learn of it. */
export type SandboxFaultEffect =
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly code?: number | undefined;
      readonly message?: string | undefined;
      /** Of a form error: what is wrong, by field. */
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
  /** As `cloudflareLimit`, in plain text and with a wait that is always named. */
  | { readonly kind: 'plainLimit'; readonly retryAfterMs: number }
  /** AutoMod refuses the nickname, of writes that set one. */
  | { readonly kind: 'autoMod' }
  /** Answers success and writes the audit log, but the change is not kept. */
  | { readonly kind: 'lostWrite' }
  /** Reads answer with members as they were before their last change. */
  | { readonly kind: 'staleRead' };

export type PlantedFault = SandboxFault & {
  readonly faultId: number;
  /** null: until cleared. */
  readonly left: number | null;
};

export type SandboxFaults = {
  plant(fault: SandboxFault): number;
  remove(faultId: number): void;
  clear(): void;
  list(): readonly PlantedFault[];
};
