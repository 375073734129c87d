/**
 * `npm run compat`: the package as others get it, in an empty folder beside discord.js 14 from the
 * registry, whose Client works on the example guild and logs in to its gateway. Not part of
 * `npm test`, which uses no network.
 */
import { execFile } from 'node:child_process';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { installPackage, startCommand } from '../installed.js';

const DISCORD_JS = 'discord.js@14.28.1';

const run = promisify(execFile);
const installed = await installPackage([DISCORD_JS]);
try {
  const command = await startCommand(installed.folder, '--port', '0');
  try {
    await copyFile(join(import.meta.dirname, 'bot.mjs'), join(installed.folder, 'bot.mjs'));
    const { stdout } = await run(process.execPath, ['bot.mjs', command.printed()], {
      cwd: installed.folder,
      timeout: 60_000,
    });
    process.stdout.write(`${DISCORD_JS}\n${stdout}`);
  } finally {
    await command.stop();
  }
} finally {
  await installed.remove();
}
