import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';

import { writeWhole } from '../whole-file.js';

/**
 * Returns a free port: the one stored in `file` if it is still free, so that the address stays the
 * same at each start; otherwise any.
 */
export async function choosePort(file: string): Promise<number> {
  const remembered = await readRemembered(file);
  const port =
    remembered !== undefined && (await isFree(remembered)) ? remembered : await anyFreePort();
  if (port !== remembered) await writeWhole(file, String(port));
  return port;
}

async function readRemembered(file: string): Promise<number | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const port = Number(text);
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
}

async function isFree(port: number): Promise<boolean> {
  return (await tryPort(port)) !== undefined;
}

async function anyFreePort(): Promise<number> {
  const port = await tryPort(0);
  if (port === undefined) throw new Error('no free port on 127.0.0.1');
  return port;
}

async function tryPort(wanted: number): Promise<number | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen({ port: wanted, host: '127.0.0.1' }, () => {
      const address = server.address();
      const port = typeof address === 'object' ? address?.port : undefined;
      server.close(() => resolve(port));
    });
  });
}
