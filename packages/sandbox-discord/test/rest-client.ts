import { REST } from '@discordjs/rest';
import { onTestFinished } from 'vitest';

import { TOKEN } from './small-world.js';

/** The REST client of discord.js, with only the address of the API changed. */
export function connectRest(url: string): REST {
  const rest = new REST({ api: `${url}/api`, version: '10', retries: 0 }).setToken(TOKEN);
  onTestFinished(() => {
    rest.clearHandlerSweeper();
    rest.clearHashSweeper();
  });
  return rest;
}
