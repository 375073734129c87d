/** `start` (the default) runs until a signal, `migrate` brings the database up to date. A fault ends the process with code 1. */
try {
  await main(process.argv[2] ?? 'start');
} catch (error) {
  process.stderr.write(
    `${error instanceof Error ? error.message : String(error)}\n`,
  );
  process.exitCode = 1;
}

async function main(command: string): Promise<void> {
  if (Number.parseInt(process.versions.node, 10) < 24) {
    throw new Error(
      `Node ${process.versions.node} is too old, 24 is needed: "npm start" brings its own where it can`,
    );
  }
  // Loaded only now: on an old Node the rest would fail with a message that says nothing.
  const { readConfig } = await import('./config.js');
  const { migrateDatabase, startConnector } = await import('./connector.js');
  const { onOrphaned } = await import('./lib/orphan.js');
  const config = readConfig();
  if (command === 'migrate') return migrateDatabase(config);
  const connector = await startConnector(config);
  process.stdout.write(connector.greeting);
  const stop = () => void connector.stop().then(() => process.exit(0));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  if (config.isUnderNpm) onOrphaned(stop);
}
