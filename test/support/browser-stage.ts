import { createServer, type Server } from 'node:http';
import { once } from 'node:events';

import type { Browser } from 'playwright-core';
import { z } from 'zod';

import { DEMO } from '../../services/demo/demo-world.js';
import { launchBrowser, openVisitor, type Visitor } from './browser.js';
import { createTestDatabase } from './database.js';
import { eventually } from './eventually.js';
import { startService, type Service } from './service.js';
import { createDataFolder, demonstrationIsDone } from './story.js';

/**
 * The connector with its sandbox as a process of its own, a platform that people come back to, and
 * a browser.
 */
export interface BrowserStage {
  readonly service: Service;
  /** Of the platform: `http://127.0.0.1:PORT`, whose every page greets. */
  readonly platform: string;
  readonly clientId: string;
  readonly visit: (options?: { readonly javaScriptEnabled?: boolean }) => Promise<Visitor>;
  /**
   * What the platform does when its signed-in person presses "link my Discord account": the address
   * to send them to.
   */
  readonly beginLink: (
    platformUserId: string,
    more?: { readonly email?: string; readonly returnTo?: string },
  ) => Promise<string>;
  readonly linkOf: (platformUserId: string) => Promise<LinkView | null>;
  readonly setEmailRule: (email: 'NONE' | 'WARN' | 'REQUIRE') => Promise<void>;
  /** Presses a button of the sandbox's page. */
  readonly press: (action: 'ban' | 'leave', discordUserId: string) => Promise<void>;
  /** How many tokens Discord gave, and how many of these were revoked. */
  readonly tokens: () => Promise<{
    readonly given: number;
    readonly revoked: number;
  }>;
  readonly stop: () => Promise<void>;
}

const LinkView = z.object({
  id: z.string(),
  discordUserId: z.string(),
  state: z.string(),
  reason: z.string().nullable(),
  roles: z.array(z.object({ name: z.string() })),
});

export type LinkView = z.output<typeof LinkView>;

export async function startBrowserStage(): Promise<BrowserStage> {
  const cleanups: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  };
  try {
    const platform = await startPlatform();
    cleanups.push(platform.stop);
    const service = await startConnector(platform.address, cleanups);
    const browser = await launchBrowser();
    cleanups.push(() => browser.close());
    return {
      service,
      platform: platform.address,
      ...(await handsOf(service)),
      visit: visitsOf(browser, [service.address, service.sandboxPage, platform.address]),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startConnector(
  platform: string,
  cleanups: (() => Promise<unknown>)[],
): Promise<Service> {
  const folder = await createDataFolder();
  cleanups.push(folder.remove);
  const database = await createTestDatabase();
  cleanups.push(database.drop);
  const service = await startService({
    env: {
      SANDBOX: 'true',
      DATA_DIR: folder.path,
      DATABASE_URL: database.url,
      RETURN_URL_ALLOWLIST: platform,
    },
  });
  cleanups.push(service.stop);
  await eventually(() => demonstrationIsDone(service));
  return service;
}

async function startPlatform() {
  const server: Server = createServer((_, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    // Else browsers ask for an icon.
    response.end(
      '<!doctype html><link rel="icon" href="data:,"><title>Platform</title><h1>Welcome back</h1>',
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  const port = typeof bound === 'object' ? bound?.port : undefined;
  return {
    address: `http://127.0.0.1:${port}`,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function visitsOf(browser: Browser, addresses: readonly string[]) {
  const allowedHosts = addresses.map((address) => new URL(address).host);
  return (options: { readonly javaScriptEnabled?: boolean } = {}) =>
    openVisitor(browser, { ...options, allowedHosts });
}

async function handsOf(service: Service) {
  const { discordClients } = z
    .object({ discordClients: z.tuple([z.object({ id: z.string() })]) })
    .parse(await service.api('{ discordClients { id } }'));
  const [{ id: clientId }] = discordClients;
  return {
    clientId,
    async beginLink(platformUserId: string, more = {}) {
      const answer = await service.api(
        `mutation ($input: BeginDiscordLinkInput!) {
          beginDiscordLink(input: $input) { url warnings }
        }`,
        { input: { clientId, platformUserId, ...more } },
      );
      return Begun.parse(answer).beginDiscordLink.url;
    },
    async linkOf(platformUserId: string) {
      const answer = await service.api(
        `query ($clientId: ID!, $platformUserId: ID!) {
          discordUserByPlatformId(clientId: $clientId, platformUserId: $platformUserId) {
            id discordUserId state reason roles { name }
          }
        }`,
        { clientId, platformUserId },
      );
      return Found.parse(answer).discordUserByPlatformId;
    },
    async setEmailRule(email: string) {
      await service.api(
        `mutation ($input: UpdateDiscordClientInput!) {
          updateDiscordClient(input: $input) { client { id } }
        }`,
        { input: { id: clientId, linking: { email, keepTokens: false } } },
      );
    },
    async press(action: string, discordUserId: string) {
      const response = await fetch(`${service.sandboxPage}/sandbox/actions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ action, guildId: DEMO.guildId, discordUserId }),
      });
      if (!response.ok) throw new Error(await response.text());
    },
    async tokens() {
      const response = await fetch(`${service.sandboxPage}/sandbox/state`);
      const { counts } = Counted.parse(await response.json());
      return {
        given: counts['POST /oauth2/token 200'] ?? 0,
        revoked: counts['POST /oauth2/token/revoke 200'] ?? 0,
      };
    },
  };
}

const Begun = z.object({
  beginDiscordLink: z.object({ url: z.string(), warnings: z.tuple([]) }),
});
const Found = z.object({ discordUserByPlatformId: LinkView.nullable() });
const Counted = z.object({ counts: z.record(z.string(), z.number()) });
