import net from 'node:net';

import { onOrder, tell } from './orders.js';

/**
 * The service in a process of its own, as production runs it: configured by its environment, but
 * for the shorter times of a world. Its clock can be put forward and back, and its way to the
 * broker leads through a door that can be shut.
 */
const now = Date.now.bind(Date);
let aheadMs = 0;
globalThis.Date = new Proxy(Date, {
  construct: (target, words, type) =>
    Reflect.construct(target, words.length === 0 ? [now() + aheadMs] : words, type),
  get: (target, name) => (name === 'now' ? () => now() + aheadMs : Reflect.get(target, name)),
});
onOrder(({ stepMs }) => (aheadMs += stepMs));

const { CHAOS_BROKER, CHAOS_DOOR } = process.env;
const connect = net.connect;
if (CHAOS_BROKER && CHAOS_DOOR)
  Object.assign(net, {
    connect: (options: net.NetConnectOpts, onConnect?: () => void) =>
      connect(throughDoor(options), onConnect),
  });

function throughDoor(options: net.NetConnectOpts): net.NetConnectOpts {
  return 'port' in options && options.port === Number(CHAOS_BROKER)
    ? { ...options, port: Number(CHAOS_DOOR) }
    : options;
}

// Loaded only now: the service is to find the clock and the network as they are here.
const { readConfig } = await import('../../../services/config.js');
const { createConnector } = await import('../../../services/connector.js');
const { createLogger } = await import('../../../services/lib/logger.js');
const { createSecrets } = await import('../../../services/lib/secrets.js');
const { stopOnSignal } = await import('../../../services/lib/signals.js');
const { SERVICE_TIMING } = await import('../path-parts.js');

const config = readConfig();
const secrets = createSecrets();
const logger = createLogger(config.logLevel, 1, secrets);
const connector = createConnector(config, logger, secrets, {
  ...SERVICE_TIMING,
  onCall: ({ status }) => {
    if (status === null) tell({ givenUpAtMs: now() });
    if (status === 429) tell({ limitedAtMs: now() });
  },
});
stopOnSignal({ ...connector, exit: (code) => process.exit(code), logger });
await connector.start();
tell({ isWorking: true });
