/**
 * Entry point. `start` (the default) runs until a signal; every other command, such as `migrate`,
 * runs once. An error exits with code 1.
 */
try {
  await main(process.argv[2] ?? 'start');
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function main(command: string): Promise<void> {
  if (Number.parseInt(process.versions.node, 10) < 24) {
    throw new Error(
      `Node ${process.versions.node} is too old, version 24 is required; "npm start" installs it where possible`,
    );
  }
  // Imported after the version check: on an old Node these modules would fail with an unhelpful
  // message.
  const { readConfig } = await import('./config.js');
  const { createConnector, runCommand } = await import('./connector.js');
  const { createLogger } = await import('./lib/logger.js');
  const { createSecrets } = await import('./lib/secrets.js');
  const { onUserSignal, turnUpOnSignal } = await import('./lib/signals.js');
  const { onOrphaned } = await import('./lib/signals.js');
  const { stopOnSignal } = await import('./lib/signals.js');
  const config = readConfig();
  if (command !== 'start') {
    process.exitCode = await runCommand(config, command, process.argv.slice(3));
    return;
  }
  const secrets = createSecrets();
  const logger = createLogger(config.logLevel, 1, secrets);
  turnUpOnSignal(logger, onUserSignal);
  const connector = createConnector(config, logger, secrets);
  const exit = (code: number) => process.exit(code);
  const { stop } = stopOnSignal({ ...connector, exit, logger });
  if (config.isUnderNpm) onOrphaned(stop);
  process.stdout.write(await connector.start());
}
