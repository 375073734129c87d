import type { APIGatewaySessionStartLimit } from 'discord-api-types/v10';

import type { LiveApplication } from '../live-world.js';

/** What the REST half asks the gateway: how a bot may connect to it. */
export type GatewayAccess = {
  readonly shards: (application: LiveApplication) => number;
  readonly startLimit: (application: LiveApplication) => APIGatewaySessionStartLimit;
};
