import type { APIGatewayBotInfo, APIGatewayInfo } from 'discord-api-types/v10';

import type { ApiCall, Decision, OpenCall } from '../api-call.js';
import { unauthorized } from '../refusal.js';
import type { Route } from '../route.js';

/** Where the gateway is, and how often a bot may identify. */
export const gatewayRoutes: readonly Route[] = [
  { isOpen: true, method: 'GET', template: '/gateway', decide: getGateway },
  { method: 'GET', template: '/gateway/bot', decide: getGatewayBot },
];

function getGateway({ host }: OpenCall): Decision {
  return { status: 200, body: { url: `ws://${host}` } satisfies APIGatewayInfo };
}

function getGatewayBot({ caller, host, gateway }: ApiCall): Decision {
  if (caller.kind !== 'bot') throw unauthorized();
  const body: APIGatewayBotInfo = {
    url: `ws://${host}`,
    shards: gateway.shards(caller.application),
    session_start_limit: gateway.startLimit(caller.application),
  };
  return { status: 200, body };
}
