import type { IncomingMessage, ServerResponse } from 'node:http';

import type { CallLog } from './call-log.js';
import type { FaultField } from './faults.js';
import type { SandboxGateway } from './gateway/gateway-interface.js';
import type { LiveWorld } from './live-world.js';
import type { SandboxModerator } from './moderator-interface.js';
import { PAGE, PAGE_POLICY } from './page.js';
import { guardPage, type GuardRefusal } from './page-guard.js';
import { actAs, actOnSession, faultFrom, sceneFrom } from './page-inputs.js';
import { createScenes, type Scenes } from './page-scenes.js';
import { guildView, pathInWords, sessionsView } from './page-view.js';
import type { RateLimiter } from './rate-limiter.js';

type Deps = {
  readonly world: LiveWorld;
  readonly limiter: RateLimiter;
  readonly faults: FaultField;
  readonly log: CallLog;
  readonly moderator: SandboxModerator;
  readonly gateway: SandboxGateway;
  readonly scenes: Scenes;
  readonly clock: () => number;
};

/**
 * The page for people, below `/` and `/sandbox/`; nothing here imitates Discord.
 * In: views and button presses of a browser on this machine. Out: the state as JSON, and an event
 * when the state has changed.
 * Never: an answer to another site, which could otherwise press the buttons through a visitor's
 * browser.
 */
export function createPageServer(given: Omit<Deps, 'scenes'>) {
  const deps: Deps = { ...given, scenes: createScenes(given) };
  const watchers = new Set<ServerResponse>();
  let tick: NodeJS.Timeout | undefined;

  const respond = (request: IncomingMessage, response: ServerResponse, body: string): void => {
    const url = new URL(request.url ?? '/', 'http://sandbox.invalid');
    const refusal = refusalFor(request);
    if (refusal) return sendJson(response, refusal.status, { message: refusal.message });
    const asked = `${request.method} ${url.pathname}`;
    if (asked === 'GET /') return sendPage(response);
    if (asked === 'GET /sandbox/state')
      return sendJson(response, 200, stateOf(deps, url.searchParams));
    if (asked === 'GET /sandbox/events') return watch(response);
    if (request.method !== 'POST') return sendJson(response, 404, { message: 'Not found.' });
    try {
      sendJson(response, 200, { done: post(deps, url.pathname, body) });
    } catch (error) {
      sendJson(response, 400, {
        message: error instanceof Error ? error.message : String(error),
      });
    }
  };

  const watch = (response: ServerResponse): void => {
    response.writeHead(200, {
      ...SAFE_HEADERS,
      'Content-Type': 'text/event-stream',
    });
    response.write('data: hello\n\n');
    watchers.add(response);
    response.on('close', () => watchers.delete(response));
  };

  return {
    respond,
    /** Notifies the watchers after 100 ms, once for all changes until then. */
    notify(): void {
      if (tick || watchers.size === 0) return;
      tick = setTimeout(() => {
        tick = undefined;
        for (const watcher of watchers) watcher.write('data: changed\n\n');
      }, 100).unref();
    },
    stop(): void {
      clearTimeout(tick);
      tick = undefined;
    },
  };
}

function post(deps: Deps, path: string, body: string): number | true {
  const input: unknown = JSON.parse(body);
  switch (path) {
    case '/sandbox/actions':
      actAs(deps.moderator, input);
      return true;
    case '/sandbox/faults':
      return deps.faults.plant(faultFrom(input));
    case '/sandbox/scenes': {
      const { scene, isOn, guildId } = sceneFrom(input);
      deps.scenes.set(scene, isOn, guildId);
      return true;
    }
    case '/sandbox/sessions':
      actOnSession(deps.gateway, input);
      return true;
    case '/sandbox/faults/clear':
      deps.faults.clear();
      deps.gateway.faults.clear();
      deps.gateway.setDown(false);
      return true;
    default:
      throw new Error(`there is nothing at ${path}`);
  }
}

function stateOf(deps: Deps, query: URLSearchParams) {
  const { world, log, limiter, faults } = deps;
  const now = deps.clock();
  const guilds = [...world.guilds.values()];
  const chosen = world.guilds.get(query.get('guildId') ?? '') ?? guilds[0];
  return {
    now,
    guilds: guilds.map(({ guildId, name }) => ({ guildId, name })),
    guild: chosen ? guildView(world, chosen, { search: query.get('search') ?? '', now }) : null,
    scenes: deps.scenes.list(chosen?.guildId),
    calls: log
      .recent()
      .slice(-60)
      .toReversed()
      .map((call) => ({ ...call, inWords: pathInWords(world, call) })),
    counts: log.counts(),
    invalidRequests: log.invalidRequests(),
    buckets: limiter.buckets().map((bucket) => ({
      ...bucket,
      guild: world.guilds.get(bucket.guildId ?? '')?.name ?? '',
    })),
    faults: faults.list(),
    gatewayFaults: deps.gateway.faults.list(),
    sessions: sessionsView(world, deps.gateway.sessions()),
  };
}

/** Button presses are sent as JSON, which a plain form of another site cannot send. */
function refusalFor(request: IncomingMessage): GuardRefusal | undefined {
  const refusal = guardPage(request);
  if (refusal || request.method === 'GET') return refusal;
  const kind = request.headers['content-type'] ?? '';
  return kind.startsWith('application/json')
    ? undefined
    : { status: 415, message: 'Send application/json.' };
}

const SAFE_HEADERS = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
} as const;

function sendPage(response: ServerResponse): void {
  response.writeHead(200, {
    ...SAFE_HEADERS,
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': PAGE_POLICY,
  });
  response.end(PAGE);
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, {
    ...SAFE_HEADERS,
    'Content-Type': 'application/json',
  });
  response.end(JSON.stringify(body));
}
