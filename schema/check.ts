import { copyFile, readFile, writeFile } from 'node:fs/promises';

import { compareSchemas } from './compatibility.js';

const at = (name: string) => new URL(name, import.meta.url);
const read = (name: string) => readFile(at(name), 'utf8');

const say = (line: string) => void process.stdout.write(`${line}\n`);

/**
 * Fails when the schema breaks callers of the last release and breaking-changes.md does not say so.
 */
async function check(): Promise<void> {
  const { undeclared, idle, surprising } = await compareSchemas({
    released: await read('released.graphql'),
    current: await read('connector.graphql'),
    declarations: await read('breaking-changes.md'),
  });
  for (const line of surprising) say(`may surprise  ${line}`);
  for (const line of undeclared) say(`breaks        ${line}`);
  for (const path of idle) say(`breaks not    ${path}`);
  if (undeclared.length > 0)
    say('Keep what callers use, or declare it in schema/breaking-changes.md.');
  if (idle.length > 0) say('Take what breaks nothing out of schema/breaking-changes.md.');
  if (undeclared.length + idle.length > 0) process.exitCode = 1;
  else say('The schema breaks nothing that it does not declare.');
}

/** At a release the schema of now becomes the one to keep, and what was declared has happened. */
async function release(): Promise<void> {
  await copyFile(at('connector.graphql'), at('released.graphql'));
  const declarations = await read('breaking-changes.md');
  const emptied = declarations.replaceAll(/^- `[^`]+`: .*\n(?: {2}.*\n)*/gm, '');
  await writeFile(at('breaking-changes.md'), `${emptied.trimEnd()}\n`);
  say('schema/released.graphql is the schema of now.');
}

await (process.argv.includes('--release') ? release() : check());
