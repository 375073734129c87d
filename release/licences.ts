import { readFile, writeFile } from 'node:fs/promises';

import { z } from 'zod';

/**
 * What the dependencies may be licensed under. In: package-lock.json. Out: release/licences.md, or
 * the faults. What goes out with the connector gives back no conditions on it; what only builds and
 * tests it may also be such as is not passed on.
 */
const SHIPPED: ReadonlySet<string> = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
]);
const TOOLS: ReadonlySet<string> = new Set([
  ...SHIPPED,
  'CC-BY-4.0',
  'Elastic-2.0',
  'MPL-2.0',
  'Python-2.0',
]);

const Lock = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      license: z.string().optional(),
      dev: z.boolean().optional(),
      hasInstallScript: z.boolean().optional(),
    }),
  ),
});

export interface Dependency {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression; null where the package names none. */
  readonly licence: string | null;
  /** Builds and tests the connector, and is no part of it. */
  readonly isTool: boolean;
  readonly hasInstallScript: boolean;
}

/** Every package of a lock file once, by name and version; not ours: the root and its workspaces. */
export function dependenciesOf(lockText: string): readonly Dependency[] {
  const { packages } = Lock.parse(JSON.parse(lockText));
  const found = new Map<string, Dependency>();
  for (const [path, entry] of Object.entries(packages)) {
    const name = path.split('node_modules/').at(-1) ?? '';
    if (!path.includes('node_modules/') || entry.version === undefined) continue;
    const { version } = entry;
    const before = found.get(`${name}@${version}`);
    found.set(`${name}@${version}`, {
      name,
      version,
      licence: entry.license ?? null,
      // One copy that goes out is enough.
      isTool: entry.dev === true && before?.isTool !== false,
      hasInstallScript: entry.hasInstallScript === true,
    });
  }
  return [...found.values()].toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

const keyOf = ({ name, version }: Dependency) => `${name}@${version}`;

/** One line for each package whose licence nobody has allowed. */
export function faultsOf(dependencies: readonly Dependency[]): readonly string[] {
  return dependencies.flatMap(({ name, version, licence, isTool }) => {
    if (licence === null) return [`${name}@${version} names no licence`];
    if (isAllowed(licence, isTool ? TOOLS : SHIPPED)) return [];
    const list = isTool ? 'for tools' : 'for what goes out';
    return [`${name}@${version}: ${licence} is not on the list ${list}`];
  });
}

/** `A OR B` leaves the choice, `A AND B` asks for both. */
function isAllowed(expression: string, allowed: ReadonlySet<string>): boolean {
  return expression
    .replaceAll(/[()]/g, '')
    .split(/ OR /)
    .some((choice) => choice.split(/ AND /).every((each) => allowed.has(each.trim())));
}

/** The list that goes out with the connector. */
export function listOf(dependencies: readonly Dependency[]): string {
  const shipped = dependencies.filter(({ isTool }) => !isTool);
  const rows = shipped.map(({ name, version, licence }) => `- ${name} ${version}: ${licence}`);
  return `# Licences of what the connector is delivered with

Written by \`npm run licences\` from package-lock.json; what only builds and tests it is checked, and not listed.

${rows.join('\n')}
`;
}

const ROOT = new URL('../', import.meta.url);
const LIST = new URL('release/licences.md', ROOT);

/**
 * Writes the list, or with \`--check\` says whether it is the one of the lock file. Resolves with
 * the exit code.
 */
export async function licences(words: readonly string[]): Promise<number> {
  const lock = await readFile(new URL('package-lock.json', ROOT), 'utf8');
  const dependencies = dependenciesOf(lock);
  const faults = [...faultsOf(dependencies)];
  const list = listOf(dependencies);
  if (!words.includes('--check')) await writeFile(LIST, list);
  else if ((await readFile(LIST, 'utf8').catch(() => '')) !== list)
    faults.push('release/licences.md is out of date: run npm run licences');
  for (const fault of faults) process.stderr.write(`${fault}\n`);
  if (faults.length > 0) return 1;
  const shipped = dependencies.filter(({ isTool }) => !isTool).length;
  const { length } = dependencies;
  process.stdout.write(
    `${shipped} packages go out, ${length - shipped} build and test: all licences are on the list\n`,
  );
  return 0;
}

if (import.meta.main) process.exitCode = await licences(process.argv.slice(2));
