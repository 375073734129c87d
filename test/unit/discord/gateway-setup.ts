import { inspect } from 'node:util';

import { createDiscordRest } from '../../../services/discord/rest-api.js';
import type { DiscordRestDeps } from '../../../services/discord/rest-api.js';
import {
  createInvalidBudget,
  type InvalidBudgetDeps,
} from '../../../services/discord/limits/invalid-budget.js';
import type { Logger } from '../../../services/lib/logger.js';
import type { MemberTarget } from '../../../services/reconcile/ports.js';

export const TOKEN = 'tok.secret-of-the-bot';
export const GUILD = '300000000000000003';
export const MEMBER = '700000000000000007';
export const ROLE = '120000000000000012';

export const guild = {
  clientId: 'client-1',
  guildId: GUILD,
  revision: 'first',
} as const;

export const target: MemberTarget = {
  ...guild,
  discordUserId: MEMBER,
  isUrgent: true,
};

export const roleWrite = { member: target, roleId: ROLE, reason: 'record 1' };

export const memberBody = (roles: readonly string[] = [ROLE]) => ({
  user: { id: MEMBER, username: 'ada', global_name: 'Ada' },
  roles,
  nick: null,
  pending: false,
});

export const refusal = (status: number, code: number) => ({
  status,
  body: { message: 'in words', code },
});

/**
 * A time that moves when the test says so. Discord's client itself looks at the machine's clock.
 */
export const startOfTest = Date.parse('2026-01-01T00:00:00Z');

export interface TestedGateway {
  readonly gateway: ReturnType<typeof createDiscordRest>;
  readonly logs: Record<string, unknown>[];
  readonly credentialReads: string[];
  readonly advance: (ms: number) => void;
}

export function setUpGateway(
  apiBase: string,
  overrides: Partial<DiscordRestDeps> & Pick<InvalidBudgetDeps, 'limit'> = {},
): TestedGateway {
  let now = startOfTest;
  const logs: Record<string, unknown>[] = [];
  const credentialReads: string[] = [];
  const clock = () => now;
  const logger = listeningLogger(logs);
  const { limit, ...deps } = overrides;
  const budget = createInvalidBudget({ clock, logger, limit: limit ?? 1000 });
  const gateway = createDiscordRest({
    credentials: (clientId) => {
      credentialReads.push(clientId);
      return Promise.resolve({
        apiBase,
        botToken: TOKEN,
        applicationId: '100000000000000001',
        guildId: GUILD,
      });
    },
    budget,
    logger,
    clock,
    random: () => 0,
    userAgent: { url: 'https://example.org', version: '0.1.0' },
    offsetMs: 0,
    ...deps,
  });
  const advance = (ms: number) => void (now += ms);
  return { gateway, logs, credentialReads, advance };
}

export function listeningLogger(logs: Record<string, unknown>[]): Logger {
  const listen =
    (level: string) =>
    (fields: unknown, message?: unknown): void =>
      void logs.push({ level, message, fields });
  const logger = {
    debug: listen('debug'),
    info: listen('info'),
    warn: listen('warn'),
    error: listen('error'),
    child: () => logger,
  };
  return logger;
}

/** The error with which the promise ends. */
export async function failureOf(promise: Promise<unknown>): Promise<Error> {
  const ending = await promise.then(
    () => null,
    (error: unknown) => error,
  );
  if (ending instanceof Error) return ending;
  throw new Error(`this should have failed, but ended in ${inspect(ending)}`);
}

export const everythingOf = (value: unknown): string =>
  inspect(value, {
    depth: null,
    showHidden: true,
    maxArrayLength: null,
    maxStringLength: null,
  });
