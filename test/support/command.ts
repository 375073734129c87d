import { once } from 'node:events';
import { join } from 'node:path';

import { compiledProject } from './compiled.js';
import { patienceMs } from './eventually.js';
import { spawnBound } from './spawn-bound.js';

export interface CommandEnding {
  readonly code: number | null;
  readonly out: string;
  readonly said: string;
}

/** `node dist/main.js WORDS…` as a process of its own, until it ends. */
export async function runCommand(
  words: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<CommandEnding> {
  const home = await compiledProject();
  const { PATH = '' } = process.env;
  const child = await spawnBound([process.execPath, join(home, 'services/main.js'), ...words], {
    env: { PATH, NODE_COMPILE_CACHE: join(home, 'compile-cache'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let said = '';
  child.stdout?.setEncoding('utf8').on('data', (text) => (out += text));
  child.stderr?.setEncoding('utf8').on('data', (text) => (said += text));
  const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs());
  await once(child, 'close');
  clearTimeout(timer);
  return { code: child.exitCode, out, said };
}
