import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

import type { TestProject } from 'vitest/node';

export type ProvidedBrowser = { readonly path: string } | { readonly reason: string };

const DEBIANS = '/usr/bin/chromium';
const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** Finds a Chromium and says in a line if there is none. REQUIRE_BROWSER=1 makes that a failure. */
export default async function setup(project: TestProject): Promise<void> {
  const path = await firstOf(candidates());
  const wanted = process.env['CHROMIUM_PATH'];
  if (path !== undefined) return project.provide('browser', { path });
  const reason = wanted
    ? `CHROMIUM_PATH: there is no program at ${wanted}`
    : `no browser: neither ${DEBIANS} nor, on the PATH, ${NAMES.join(', ')}; CHROMIUM_PATH may name one`;
  if (process.env['REQUIRE_BROWSER'] === '1') throw new Error(`REQUIRE_BROWSER: ${reason}`);
  console.log(`The tests in a browser do not run: ${reason}`);
  project.provide('browser', { reason });
}

/** Who names one does not want another. */
function candidates(): readonly string[] {
  const { CHROMIUM_PATH, PATH = '' } = process.env;
  if (CHROMIUM_PATH) return [CHROMIUM_PATH];
  const folders = PATH.split(delimiter).filter((folder) => folder !== '');
  return [DEBIANS, ...NAMES.flatMap((name) => folders.map((folder) => join(folder, name)))];
}

async function firstOf(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}
