/**
 * Starts what a newcomer lacks: PostgreSQL, the sandbox Discord and keys.
 * In: a data folder. Out: addresses and secrets on this machine only.
 * Never: started in production, or listening beyond loopback unless configured to.
 */
import { join } from 'node:path';

import type { SandboxDiscord } from 'sandbox-discord';

import type { Logger } from '../lib/logger.js';
import { DEMO, demoWorld } from './demo-world.js';
import { createEmbeddedPostgres } from './embedded-postgres.js';
import { createKeptWorld } from './kept-world.js';
import { hashAdminKey, readOrMakeSecrets, type SandboxSecrets } from './sandbox-file.js';

export interface RunningSandbox {
  /** Null if an existing database is used. */
  readonly databaseUrl: string | null;
  readonly secrets: SandboxSecrets;
  readonly adminKeyHash: string;
  /** The page that shows the guild live. */
  readonly pageUrl: string;
  readonly client: {
    readonly guildId: string;
    readonly applicationId: string;
    readonly endpoints: {
      readonly apiBase: string;
      readonly authorizeUrl: string;
      readonly tokenUrl: string;
      readonly revokeUrl: string;
    };
  };
  /**
   * Registers the OAuth redirect URI and returns it. `baseUrl` is the API's address, e.g.
   * `http://127.0.0.1:4000`, which is known only once the API listens. Redirect URIs registered
   * earlier stay valid.
   */
  registerCallback(baseUrl: string): string;
  stop(): Promise<void>;
}

const CALLBACK_PATH = '/discord/sso/callback';

export async function startSandbox(options: {
  readonly dataDir: string;
  readonly port: number;
  readonly host: string;
  readonly needsDatabase: boolean;
  readonly logger: Logger;
}): Promise<RunningSandbox> {
  const { dataDir, logger } = options;
  const secrets = await readOrMakeSecrets(dataDir);
  const postgres = createEmbeddedPostgres({
    dataDir: join(dataDir, 'postgres'),
    logger,
  });
  const databaseUrl = options.needsDatabase ? (await postgres.start()).url : null;
  try {
    const { discord, address, flush } = await startDiscord(options, secrets);
    return {
      databaseUrl,
      secrets,
      adminKeyHash: hashAdminKey(secrets.adminKey),
      pageUrl: originOf(address),
      client: {
        guildId: DEMO.guildId,
        applicationId: DEMO.applicationId,
        endpoints: endpointsOf(address),
      },
      registerCallback(baseUrl) {
        const callbackUrl = callbackOf(baseUrl);
        registerRedirect(discord, callbackUrl);
        return callbackUrl;
      },
      async stop() {
        await discord.stop();
        await flush();
        if (databaseUrl !== null) await postgres.stop();
      },
    };
  } catch (error) {
    if (databaseUrl !== null) await postgres.stop();
    throw error;
  }
}

async function startDiscord(
  options: {
    readonly dataDir: string;
    readonly port: number;
    readonly host: string;
    readonly logger: Logger;
  },
  secrets: SandboxSecrets,
) {
  let discord: SandboxDiscord | undefined;
  const kept = createKeptWorld({
    dataDir: options.dataDir,
    world: () => discord?.world() ?? demoWorld(secrets),
    onFailure: (error) => options.logger.error({ err: error }, 'saving the sandbox Discord failed'),
  });
  // Loaded only when a sandbox starts, like all of demo/.
  const { createSandboxDiscord } = await import('sandbox-discord');
  discord = createSandboxDiscord({
    world: await kept.load(demoWorld(secrets)),
    port: options.port,
    host: options.host,
    onChange: () => kept.save(),
  });
  const address = await discord.start().catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `the sandbox Discord cannot listen on SANDBOX_HOST ${options.host}, SANDBOX_PORT ${options.port}: ${reason}`,
      { cause: error },
    );
  });
  return { discord, address, flush: () => kept.flush() };
}

/** Replaces a wildcard host, which can be listened on but not redirected to. */
function callbackOf(baseUrl: string): string {
  const url = new URL(baseUrl);
  if (url.hostname === '0.0.0.0' || url.hostname === '[::]') url.hostname = '127.0.0.1';
  return `${url.href.replace(/\/$/, '')}${CALLBACK_PATH}`;
}

/**
 * Keeps the redirect URIs of earlier starts, because a person may still be returning from a consent
 * page to one of them.
 */
function registerRedirect(discord: SandboxDiscord, redirectUri: string): void {
  const { applicationId } = DEMO;
  const known = discord.world().applications.find((one) => one.applicationId === applicationId);
  const before = known?.redirectUris ?? [];
  if (before.includes(redirectUri)) return;
  const redirectUris = [...before, redirectUri];
  discord.moderator.editApplication({ applicationId, redirectUris });
}

/** Calls to the sandbox stay on this machine, whatever address it listens on. */
function originOf({ port }: { readonly port: number }): string {
  return `http://127.0.0.1:${port}`;
}

function endpointsOf(address: { readonly port: number }) {
  const origin = originOf(address);
  return {
    apiBase: `${origin}/api/v10`,
    authorizeUrl: `${origin}/oauth2/authorize`,
    tokenUrl: `${origin}/api/oauth2/token`,
    revokeUrl: `${origin}/api/oauth2/token/revoke`,
  };
}
