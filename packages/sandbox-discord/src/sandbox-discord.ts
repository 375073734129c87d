import { createApi } from './api.js';
import { createCallLog } from './call-log.js';
import { createFaults } from './faults.js';
import { createGateway } from './gateway/gateway.js';
import { createHttpServer } from './http-server.js';
import { limitsFrom } from './limits.js';
import { createLiveWorld, plainGuild, plainWorld } from './live-world.js';
import { createModerator } from './moderator.js';
import { createOAuthPeople } from './oauth-people.js';
import { createPageServer } from './page-server.js';
import { createRateLimiter } from './rate-limiter.js';
import type { SandboxDiscord, SandboxDiscordOptions, SandboxQuirks } from './sandbox-interface.js';

export { exampleWorld } from './example-world.js';
export { DEFAULT_LIMITS, scaleLimits } from './limits.js';
export type * from './gateway/gateway-interface.js';
export type * from './moderator-interface.js';
export type * from './oauth-interface.js';
export type * from './sandbox-interface.js';
export type * from './world.js';

/**
 * Creates a sandbox Discord, which answers from `start()` to `stop()`. A restart keeps its address
 * and its data.
 */
export function createSandboxDiscord(options: SandboxDiscordOptions): SandboxDiscord {
  const { clock = Date.now, random = Math.random } = options;
  const { port = 0, host = '127.0.0.1' } = options;
  const quirks = { ...DEFAULT_QUIRKS, ...options.quirks };
  const world = createLiveWorld(options.world, clock);
  const limits = limitsFrom(options.limits);
  const limiter = createRateLimiter(limits, clock);
  const log = createCallLog();
  const faults = createFaults(random, () => page.notify());
  const onChange = () => {
    options.onChange?.();
    page.notify();
  };
  const editing = { world, quirks, clock, onChange };
  const moderator = createModerator(editing);
  const oauth = createOAuthPeople(editing);
  const gateway = createGateway({
    world,
    limits,
    clock,
    random,
    settings: options.gateway,
    onChange: () => page.notify(),
  });
  const looked = { world, limiter, faults, log, clock };
  const page = createPageServer({ ...looked, moderator, gateway: gateway.controls });
  const server = createHttpServer({
    host,
    port,
    createApi: (sleep) =>
      createApi({ ...looked, quirks, gateway: gateway.access, sleep, onChange }),
    respondToPeople: page.respond,
    upgrade: gateway.upgrade,
  });
  log.onCall(() => page.notify());

  return {
    start: () => server.start(),
    async stop() {
      page.stop();
      gateway.stop();
      await server.stop();
    },
    world: () => plainWorld(world),
    guild(guildId) {
      const guild = world.guilds.get(guildId);
      if (!guild) throw new Error(`there is no guild with id ${guildId}`);
      return plainGuild(guild);
    },
    member: (guildId, discordUserId) => world.guilds.get(guildId)?.members.get(discordUserId),
    calls: log,
    faults,
    moderator,
    oauth,
    gateway: gateway.controls,
  };
}

const DEFAULT_QUIRKS: SandboxQuirks = {
  unknownGuildCode: 10004,
  unknownRoleInPatchCode: 10011,
  managedRoleCode: 50013,
  keepsStaleRoleIds: false,
};
