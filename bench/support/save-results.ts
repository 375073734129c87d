import { readFile, writeFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';

import { format } from 'prettier';

import type { Answer, Bench } from './bench.js';
import type { Machine } from './machine.js';

const file = new URL('../results.json', import.meta.url);

/**
 * Replaces the figures of one question. Figures of another machine are dropped, as they cannot be
 * compared with these.
 */
export async function saveResults(run: {
  readonly machine: Machine;
  readonly bench: Bench;
  readonly answer: Answer;
  readonly isQuick: boolean;
  /** The machine's load average when the bench ended, which shows other work beside it. */
  readonly load: number;
}): Promise<void> {
  const { machine, bench, answer, isQuick, load } = run;
  const results = {
    machine,
    questions: {
      ...(await questionsBefore(machine)),
      [bench.name]: {
        question: bench.question,
        date: new Date().toISOString(),
        isQuick,
        loadAverage: load,
        ...answer,
      },
    },
  };
  const text = JSON.stringify(results, null, 2);
  await writeFile(file, await format(text, { parser: 'json' }));
}

async function questionsBefore(machine: Machine): Promise<object> {
  const text = await readFile(file, 'utf8').catch(() => '{}');
  const before: unknown = JSON.parse(text);
  if (!isObject(before) || !isObject(before['questions'])) return {};
  return isDeepStrictEqual(before['machine'], machine) ? before['questions'] : {};
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
