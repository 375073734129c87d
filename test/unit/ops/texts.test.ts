import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { buildSchema, parse, validate, type GraphQLSchema } from 'graphql';
import { beforeAll, describe, expect, test } from 'vitest';

/** Operators on call paste these queries, so each must work. */
const ROOT = join(import.meta.dirname, '../../..');
const OPS = join(ROOT, 'ops');

let texts: ReadonlyMap<string, string>;
let schema: GraphQLSchema;

beforeAll(async () => {
  const names = (await readdir(OPS)).filter((name) => name.endsWith('.md'));
  texts = new Map(
    await Promise.all(
      names.map(async (name) => [name, await readFile(join(OPS, name), 'utf8')] as const),
    ),
  );
  const path = join(ROOT, 'schema/connector.graphql');
  schema = buildSchema(await readFile(path, 'utf8'), { assumeValidSDL: true });
});

/** The code blocks of a language, each with its file name. */
function blocks(language: string): readonly (readonly [string, string])[] {
  const block = new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'gm');
  return [...texts].flatMap(([name, text]) =>
    [...text.matchAll(block)].map((found) => [name, found[1] ?? ''] as const),
  );
}

describe('the operator documentation', () => {
  test('contains only valid GraphQL operations', () => {
    const asked = blocks('graphql');
    const faults = asked.flatMap(([name, text]) =>
      validate(schema, parse(text)).map(({ message }) => `${name}: ${message}`),
    );

    expect(asked.length).toBeGreaterThan(10);
    expect(faults).toEqual([]);
  });

  test('names only existing fields, queries and mutations in its prose', () => {
    const known = new Set(
      Object.values(schema.getTypeMap()).flatMap((type) =>
        'getFields' in type ? Object.keys(type.getFields()) : [],
      ),
    );
    const runbook = texts.get('runbook.md') ?? '';
    const prose = runbook.replace(/^```[^]*?^```/gm, '');
    const verbs =
      /`((?:explain|check|start|approve|reject|update|reconcile|delete|audit|schedule)[A-Za-z]*[A-Z][A-Za-z]*)\b/g;
    const named = [...prose.matchAll(verbs)].map((found) => found[1] ?? '');

    expect(named.length).toBeGreaterThan(8);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });

  test('contains only valid PromQL', async ({ skip }) => {
    const asked = blocks('promql');
    expect(asked.length).toBeGreaterThan(3);

    const rules = asked.map(([, expr], n) => ({ record: `asked:${n}`, expr }));
    const said = await promtool({ groups: [{ name: 'asked', rules }] });
    skip(said === null, 'there is no promtool here');
    expect(said).toContain('SUCCESS');
  });

  test('links only to existing files', async () => {
    for (const [name, text] of texts)
      for (const [, target = ''] of text.matchAll(/\]\(([^)#:]+)[^):]*\)/g))
        await expect(
          readFile(join(OPS, target)).then(
            () => true,
            (error: NodeJS.ErrnoException) => error.code === 'EISDIR',
          ),
          `${name} names ${target}`,
        ).resolves.toBe(true);
  });
});

/** Null: promtool is not installed. */
async function promtool(rules: unknown): Promise<string | null> {
  const folder = await mkdtemp(join(tmpdir(), 'asked-'));
  const file = join(folder, 'rules.yml');
  await writeFile(file, JSON.stringify(rules));
  const said = await new Promise<string | null>((resolve) => {
    execFile('promtool', ['check', 'rules', file], (error, out, fault) => {
      resolve(error?.code === 'ENOENT' ? null : `${out}${fault}`);
    });
  });
  await rm(folder, { recursive: true });
  return said;
}
