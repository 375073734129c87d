import type { Config } from '../config.js';
import { createLogger } from '../lib/logger.js';
import { exportAudit } from './commands/export-audit.js';
import { reencryptCommand } from './commands/reencrypt.js';
import { type CommandWorld, openStoreFor } from './open-store.js';

/** Resolves with the exit code. */
type Command = (world: CommandWorld, args: readonly string[]) => Promise<number>;

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ['migrate', migrate],
  ['reencrypt', reencryptCommand],
  ['export-audit', exportAudit],
]);

/** Runs one command on the database, beside running services, and exits. */
export async function runNamedCommand(
  config: Config,
  request: { readonly name: string; readonly args: readonly string[]; readonly version: string },
): Promise<number> {
  const command = COMMANDS.get(request.name);
  if (command === undefined)
    throw new Error(
      `unknown command "${request.name}": use start, ${[...COMMANDS.keys()].join(', ')}`,
    );
  // What a command prints may go on into another program: the log keeps out of its way.
  const logger = createLogger(config.logLevel, 2);
  const store = await openStoreFor(config, { logger, sandbox: null, version: request.version });
  try {
    return await command({ store, logger }, request.args);
  } finally {
    await store.stop();
  }
}

async function migrate({ store }: CommandWorld): Promise<number> {
  await store.migrate();
  return 0;
}
