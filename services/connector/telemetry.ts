import type { ApiObservers } from '../api/limits/meter.js';
import type { Config } from '../config.js';
import type { ObservedOAuthCall } from '../discord/oauth/oauth.js';
import type { EventObserver } from '../events/ports.js';
import type { KafkaRecord } from '../events/kafka/kafka-port.js';
import type { Part } from '../lib/lifecycle.js';
import type { Logger } from '../lib/logger.js';
import type { Secrets } from '../lib/secrets.js';
import type { Trace } from '../lib/trace.js';
import type { InvalidBudget } from '../discord/limits/invalid-budget.js';
import type { Store } from '../store/store.js';
import { createMetrics, type Metrics } from '../telemetry/metrics.js';
import { createScrape } from '../telemetry/scrape.js';
import { openTracing } from '../telemetry/tracing.js';
import type { ObservedCall } from '../discord/rest/calls.js';

export interface Telemetry extends Metrics {
  /** Null: tracing is off. */
  readonly trace: Trace | null;
  readonly version: string;
  stop(): Promise<void>;
}

export async function openTelemetry(
  config: Config,
  deps: {
    readonly version: string;
    readonly processId: string;
    readonly logger: Logger;
    readonly secrets: Secrets;
  },
): Promise<Telemetry> {
  const { version, logger, processId, secrets } = deps;
  secretsOf(config).forEach(secrets.learn);
  const tracing = await openTracing({
    endpoint: config.tracesEndpoint,
    version,
    processId,
    logger,
    scrub: (text) => secrets.scrub(text),
  });
  return {
    ...createMetrics(() => performance.now()),
    trace: tracing?.trace ?? null,
    version,
    stop: async () => tracing?.stop(),
  };
}

/** Returns an observer that counts Discord calls and adds them to the current trace. */
export function onCall({ observed, trace }: Telemetry) {
  return (call: ObservedCall): void => {
    observed.call(call);
    if (trace === null) return;
    const { method, route, status, durationMs, clientId, ids } = call;
    const named = Object.entries(ids).map(([name, id]) => [
      ID_NAMES[name] ?? `discord.${name}`,
      id,
    ]);
    trace.note({
      name: `${method} ${route}`,
      durationMs,
      attributes: {
        'http.request.method': method,
        'http.route': route,
        'connector.client.id': clientId,
        ...(status !== null && { 'http.response.status_code': status }),
        ...Object.fromEntries(named),
      },
      fault: faultOf(status),
    });
  };
}

/**
 * Returns an observer for OAuth2 calls. They are counted by their kind, because most have no route
 * in Discord's API.
 */
export function onOAuthCall({ observed }: Telemetry) {
  return ({ kind, status, durationMs }: ObservedOAuthCall): void =>
    observed.call({ method: 'OAUTH', route: kind, status, durationMs });
}

const ID_NAMES: Readonly<Record<string, string>> = {
  guildId: 'discord.guild.id',
  discordUserId: 'discord.user.id',
  roleId: 'discord.role.id',
};

function faultOf(status: number | null): string | null {
  if (status === null) return 'no answer';
  return status >= 400 ? `status ${status}` : null;
}

export function eventObserver({ observed, trace }: Telemetry): EventObserver {
  return {
    events: observed.events,
    progress: observed.progress,
    assigned: observed.assigned,
    traceRecord: trace === null ? null : (record) => trace.begin(spanOf(record)),
  };
}

/** Continues the producer's trace if the record has a traceparent. */
function spanOf({ topic, partition, offset, headers }: KafkaRecord) {
  const sent = headers['traceparent'] ?? headers['ce_traceparent'];
  const bytes = Buffer.isBuffer(sent) ? sent : sent?.at(-1);
  return {
    name: `process ${topic}`,
    kind: 'consumer',
    parent: bytes?.toString('latin1') ?? null,
    attributes: {
      'messaging.system': 'kafka',
      'messaging.destination.name': topic,
      'messaging.destination.partition.id': String(partition),
      'messaging.kafka.message.offset': offset,
    },
  } as const;
}

/** Returns the metrics the HTTP server exposes, and the observers it reports to. */
export function apiObservers(
  { observed, trace, registry, version }: Telemetry,
  world: {
    readonly store: Store;
    readonly watched: readonly Part[];
    readonly budget: InvalidBudget;
  },
): ApiObservers {
  const { store, watched, budget } = world;
  return {
    trace,
    onOperation: observed.operation,
    metrics: createScrape({
      registry,
      version,
      monotonicMs: () => performance.now(),
      sources: {
        standing: store.readStanding,
        parts: () => watched.map((part) => ({ name: part.name, isReady: part.ready().ok })),
        invalidRequests: () => budget.state(),
        connections: store.connections,
      },
    }),
  };
}

/** Returns configured secrets to redact. */
function secretsOf(config: Config): readonly string[] {
  const { username = '', password = '' } =
    config.databaseUrl === null ? {} : new URL(config.databaseUrl);
  return [
    // A password equal to the user name is not secret; redacting it would remove the user name
    // everywhere.
    ...(password === username ? [] : [password, decodeURIComponent(password)]),
    ...(config.kafka?.sasl ? [config.kafka.sasl.password] : []),
    ...config.encryptionKeys.map(({ key }) => key.toString('base64')),
  ];
}
