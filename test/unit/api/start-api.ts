import { createHash } from 'node:crypto';

import { createApiKeyAuthenticator, type Scope } from '../../../services/api/access/caller.js';
import {
  createApiServer,
  type ApiServer,
  type ApiServerDeps,
} from '../../../services/api/server.js';
import { checkClientAddress } from '../../../services/discord/rest/endpoints.js';
import { silentLogger } from '../../../services/lib/logger.js';
import { templateFaults } from '../../../services/reconcile/plan/nickname.js';
import {
  aClient,
  aLink,
  aLiveStatus,
  aMapping,
  anAuditRecord,
  aPlatformGroup,
  aPlatformUser,
  aRole,
  CLIENT_ID,
  OTHER_CLIENT_ID,
  ownId,
} from '../../builders/api-views.js';
import { createFakeApiPorts, type ApiWorld, type FakeApiPorts } from '../../fakes/api-ports.js';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: {
    // oxlint-disable-next-line typescript/no-explicit-any -- tests reach into answers of any shape
    readonly data?: any;
    readonly errors?: readonly {
      readonly message: string;
      readonly path?: readonly (string | number)[];
      readonly extensions: Readonly<Record<string, unknown>>;
    }[];
  };
}

export interface StartedApi extends FakeApiPorts {
  readonly server: ApiServer;
  readonly url: string;
  /** Sends one operation; with the admin's key unless told otherwise. */
  ask(
    query: string,
    variables?: Readonly<Record<string, unknown>>,
    options?: { readonly key?: string | null; readonly path?: string },
  ): Promise<Answer>;
  /** Errors logged so far; a test may empty it. */
  readonly logged: Record<string, unknown>[];
}

/** Keys by what they may do; `limited` may do everything, but only at CLIENT_ID. */
export const KEYS = {
  read: 'key-that-reads',
  write: 'key-that-writes',
  admin: 'key-that-administers',
  limited: 'key-with-one-client',
} as const;

const key = (
  name: keyof typeof KEYS,
  scopes: readonly Scope[],
  clientIds: readonly string[] | null = null,
) => ({
  name,
  scopes,
  hash: createHash('sha256').update(KEYS[name]).digest('hex'),
  clientIds,
});

export function aWorld(): Partial<ApiWorld> {
  return {
    clients: [
      aClient(),
      aClient({
        id: OTHER_CLIENT_ID,
        name: 'Elsewhere',
        guildId: '1'.repeat(18),
      }),
    ],
    roles: [
      aRole(),
      aRole({
        roleId: '300000000000000002',
        name: 'Boss',
        refusal: 'ABOVE_BOT',
      }),
    ],
    mappings: [aMapping(), aMapping({ id: ownId(0x11), clientId: OTHER_CLIENT_ID })],
    links: [aLink(), aLink({ id: ownId(0x21), clientId: OTHER_CLIENT_ID })],
    users: [aPlatformUser()],
    groups: [aPlatformGroup(), aPlatformGroup({ id: 'recruits', name: null })],
    held: { alice: ['pilots'] },
    live: aLiveStatus(),
    disputes: {},
    audit: [anAuditRecord(), anAuditRecord({ id: ownId(0x31), clientId: OTHER_CLIENT_ID })],
  };
}

export async function startApi(
  given: Partial<ApiWorld> = {},
  deps: Partial<ApiServerDeps> = {},
): Promise<StartedApi> {
  const fake = createFakeApiPorts({ ...aWorld(), ...given });
  const logged: Record<string, unknown>[] = [];
  const server = createApiServer({
    ports: fake.ports,
    auth: createApiKeyAuthenticator({
      keys: [
        key('read', ['discord:read']),
        key('write', ['discord:write']),
        key('admin', ['discord:admin']),
        key('limited', ['discord:admin'], [CLIENT_ID]),
      ],
    }),
    logger: {
      ...silentLogger,
      debug: () => undefined,
      error: (fields: Record<string, unknown>) => void logged.push(fields),
      child: () => silentLogger,
    },
    tokens: null,
    rateLimits: { perCaller: 0, failedSignIns: 0 },
    persistedQueries: { isOnly: false, path: null },
    clock: () => Date.parse('2026-11-22T18:00:00Z'),
    host: '127.0.0.1',
    port: 0,
    returnOrigins: ['https://platform.example'],
    isProduction: true,
    checkEndpoint: (url) => (url.includes('evil') ? 'Not that host.' : null),
    checkClientAddress: (name, address) =>
      checkClientAddress(name, address, {
        isProduction: deps.isProduction ?? true,
        publicUrl: deps.publicUrl ?? null,
      }),
    templateFaults,
    defaultEndpoints: aClient().endpoints,
    ...deps,
  });
  await server.start();
  const url = server.address();
  return {
    ...fake,
    server,
    url,
    logged,
    ask: async (query, variables = {}, options = {}) => {
      const key = options.key === undefined ? KEYS.admin : options.key;
      const response = await fetch(`${url}${options.path ?? '/graphql'}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        },
        body: JSON.stringify({ query, variables }),
      });
      const body: Answer['body'] = await response.json();
      return { status: response.status, headers: response.headers, body };
    },
  };
}

/** Code and field of each error, which is what callers decide by. */
export const faultsOf = (answer: Answer) =>
  (answer.body.errors ?? []).map(({ extensions: { code, field } }) =>
    field === undefined ? { code } : { code, field },
  );
