/**
 * The command `sandbox-discord`: starts a sandbox Discord and prints what a bot needs to reach it.
 * In: options. Out: a server on this machine until SIGINT or SIGTERM.
 * Never: a file written, or a call to anywhere else.
 */
import { parseArgs } from 'node:util';

import { exampleWorld } from './example-world.js';
import { greeting } from './greeting.js';
import { messageOf, readWorld } from './read-world.js';
import { createSandboxDiscord } from './sandbox-discord.js';

const USAGE = `usage: sandbox-discord [options]

  --port PORT        where to listen; 0: any free port (default 4010)
  --host HOST        the address to listen on (default 127.0.0.1)
  --world FILE       a world as JSON, instead of the example guild
  --redirect URL     a redirect address of the example application, for OAuth2; may be repeated
  --no-limits        no rate limits
  --help             this text
`;

try {
  await main();
} catch (error) {
  process.stderr.write(`sandbox-discord: ${messageOf(error)}\n`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    allowNegative: true,
    options: {
      port: { type: 'string', default: '4010' },
      host: { type: 'string', default: '127.0.0.1' },
      world: { type: 'string' },
      redirect: { type: 'string', multiple: true },
      limits: { type: 'boolean', default: true },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return void process.stdout.write(USAGE);
  const { host, world: file, redirect } = values;
  if (file !== undefined && redirect !== undefined)
    throw new Error(
      '--redirect only works with the example guild: put redirectUris into the world instead',
    );
  const port = portFrom(values.port);
  const world = file === undefined ? exampleWorld(redirect) : await readWorld(file);
  const discord = createSandboxDiscord({ world, host, port, limits: values.limits ? {} : null });
  const address = await discord.start().catch((error: unknown) => {
    throw new Error(`cannot listen on --host ${host}, --port ${port}: ${messageOf(error)}`);
  });
  // Registered before the first output, because its reader may send a signal at once.
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void discord.stop());
  const { applications, users, guilds } = discord.world();
  const full = guilds.map(({ guildId }) => discord.guild(guildId));
  process.stdout.write(greeting(address, { applications, users, guilds: full }));
}

function portFrom(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port < 65_536) return port;
  throw new Error(`--port must be a number from 0 to 65535, not "${text}"`);
}
