import type { Config } from '../config.js';
import { createLogger } from '../lib/logger.js';
import { exportAudit } from './commands/export-audit.js';
import { reencryptCommand } from './commands/reencrypt.js';
import { type CommandWorld, openStoreFor } from './open-store.js';

/** Resolves to the exit code. */
type Command = (world: CommandWorld, args: readonly string[]) => Promise<number>;

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ['migrate', migrate],
  ['reencrypt', reencryptCommand],
  ['export-audit', exportAudit],
]);

/**
 * Runs one command against the database, even while services run, and resolves to its exit code.
 */
export async function runNamedCommand(
  config: Config,
  request: { readonly name: string; readonly args: readonly string[]; readonly version: string },
): Promise<number> {
  const command = COMMANDS.get(request.name);
  if (command === undefined)
    throw new Error(
      `unknown command "${request.name}": use start, ${[...COMMANDS.keys()].join(', ')}`,
    );
  // A command's output may be piped into another program, so the log goes to stderr.
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
