import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

import { execWords, pairsOf, readDockerfile, type Step } from './dockerfile.js';

const run = promisify(execFile);

/** What a container engine would know about the image. */
export interface Image {
  /**
   * Its root folder, with the files that the Dockerfile adds and without those of the base image.
   */
  readonly root: string;
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly user: string;
  readonly cmd: readonly string[];
  readonly healthcheck: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

interface Building {
  readonly root: string;
  workdir: string;
  env: Record<string, string>;
  user: string;
  cmd: readonly string[];
  healthcheck: readonly string[];
  labels: Readonly<Record<string, string>>;
}

/**
 * Runs the COPY and RUN steps of a Dockerfile in plain folders, without a container engine. This
 * machine's Node and npm replace those of the base image.
 */
export async function buildImage(options: {
  /** Contains the Dockerfile and .dockerignore. */
  readonly context: string;
  readonly into: string;
  /** First on the PATH of RUN steps. */
  readonly binaries: string;
}): Promise<Image> {
  const { context, into } = options;
  const text = await readFile(join(context, 'Dockerfile'), 'utf8');
  const ignored = await readFile(join(context, '.dockerignore'), 'utf8');
  const stages = new Map<string, Building>();
  let last: Building | null = null;
  for (const { name, steps } of readDockerfile(text)) {
    const root = join(into, name ?? 'image');
    last = {
      root,
      workdir: '/',
      env: {},
      user: '',
      cmd: [],
      healthcheck: [],
      labels: {},
    };
    stages.set(name ?? 'image', last);
    const world = { ...options, sent: sentOf(ignored), stages };
    for (const step of steps) await carryOut(step, last, world);
  }
  if (last === null) throw new Error('the Dockerfile has no stage');
  return last;
}

/** Only a list that begins with "all but" is supported. */
function sentOf(ignored: string): ReadonlySet<string> {
  const [all, ...but] = ignored.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  if (all !== '*' || but.some((line) => !line.startsWith('!')))
    throw new Error('the .dockerignore is not of the kind "all but"');
  return new Set(but.map((line) => line.slice(1)));
}

interface World {
  readonly context: string;
  readonly binaries: string;
  readonly sent: ReadonlySet<string>;
  readonly stages: ReadonlyMap<string, Building>;
}

async function carryOut(
  { instruction, words }: Step,
  stage: Building,
  world: World,
): Promise<void> {
  const home = join(stage.root, stage.workdir);
  switch (instruction) {
    case 'WORKDIR':
      stage.workdir = words;
      await mkdir(join(stage.root, words), { recursive: true });
      return;
    case 'ENV':
      stage.env = { ...stage.env, ...pairsOf(words) };
      return;
    case 'LABEL':
      stage.labels = pairsOf(words);
      return;
    case 'USER':
      stage.user = words;
      return;
    case 'CMD':
      stage.cmd = execWords(words);
      return;
    case 'HEALTHCHECK':
      stage.healthcheck = execWords(words.slice(words.indexOf('[')));
      return;
    case 'COPY':
      return copy(words.split(/\s+/), home, world);
    case 'RUN': {
      // RUN steps inherit this machine's network settings, which the Dockerfile cannot know.
      const { NODE_ENV: _, PATH = '', ...network } = process.env;
      const binaries = `${world.binaries}:${PATH}`;
      const env = { ...network, ...stage.env, PATH: binaries };
      await run('sh', ['-ec', words], { cwd: home, env, maxBuffer: 2 ** 26 });
      return;
    }
    default: // ARG, EXPOSE and STOPSIGNAL make nothing
  }
}

/** Copies only files of the context that the .dockerignore allows. */
async function copy(
  words: readonly string[],
  home: string,
  { context, sent, stages }: World,
): Promise<void> {
  const from = words.find((word) => word.startsWith('--from='))?.slice(7);
  const paths = words.filter((word) => !word.startsWith('--'));
  const to = paths.at(-1) ?? '';
  for (const path of paths.slice(0, -1)) {
    if (from === undefined && !sent.has(path))
      throw new Error(`${path} is copied, and the .dockerignore keeps it out`);
    const stage = from === undefined ? null : stages.get(from);
    if (stage === undefined) throw new Error(`there is no stage ${from}`);
    const source = join(stage === null ? context : stage.root, path);
    const isIntoFolder = to.endsWith('/') && (await stat(source)).isFile();
    const target = join(home, to, isIntoFolder ? basename(path) : '');
    await cp(source, target, { recursive: true, verbatimSymlinks: true });
  }
}
