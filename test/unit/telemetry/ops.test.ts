import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

import { createTold } from './registry.js';

/**
 * The operator's files refer to metrics by name: an alert on a metric that is not exposed never
 * fires.
 */
const OPS = join(import.meta.dirname, '../../../ops');

const Rules = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({
          alert: z.string(),
          expr: z.string(),
          labels: z.object({ severity: z.enum(['warning', 'critical']) }),
          annotations: z.object({ summary: z.string(), runbook: z.string() }),
        }),
      ),
    }),
  ),
});

const Tests = z.object({
  tests: z.array(
    z.object({
      alert_rule_test: z.array(
        z.object({ alertname: z.string(), exp_alerts: z.array(z.unknown()) }),
      ),
    }),
  ),
});

const read = (name: string) => readFile(join(OPS, name), 'utf8');

let exposed: ReadonlySet<string>;
let rules: z.output<typeof Rules>['groups'][number]['rules'];

beforeAll(async () => {
  const { text } = await createTold().scrape();
  const lines = text.split('\n').filter((line) => /^[a-z]/.test(line));
  exposed = new Set(lines.map((line) => line.split(/[{ ]/, 1)[0] ?? ''));
  rules = Rules.parse(parse(await read('alerts.yml'))).groups.flatMap((group) => group.rules);
});

const NAME = /\b(?:discord_connector|nodejs|process)_[a-z0-9_]+/g;
const namesIn = (text: string) => [...new Set(text.match(NAME))];

const unknown = (text: string) => namesIn(text).filter((name) => !exposed.has(name));

describe("the operator's files", () => {
  test.each(['dashboard.json', 'alerts.yml', 'alerts.test.yml', 'runbook.md'])(
    '%s names only exposed metrics',
    async (file) => {
      const text = await read(file);

      expect(namesIn(text).length).toBeGreaterThan(5);
      expect(unknown(text)).toEqual([]);
    },
  );

  test('show every metric of the connector on the dashboard', async () => {
    const shown = await read('dashboard.json');

    const families = [...exposed]
      .filter((name) => name.startsWith('discord_connector_'))
      .map((name) => name.replace(/_(bucket|sum|count)$/, ''));
    expect([...new Set(families)].filter((name) => !shown.includes(name))).toEqual([]);
  });

  test('have a runbook page for each alert, with what to do', async () => {
    const runbook = await read('runbook.md');
    const pages = new Map(
      runbook
        .split(/^## /m)
        .slice(1)
        .map((page) => [page.split('\n', 1)[0]?.trim().toLowerCase(), page]),
    );

    for (const { alert, annotations } of rules) {
      const [file, anchor] = annotations.runbook.split('#');
      expect(file, alert).toBe('ops/runbook.md');
      expect(pages.get(anchor), alert).toMatch(
        /\*\*Means\.\*\*[^]+\*\*Look\.\*\*[^]+\*\*Do\.\*\*[^]+\*\*Do not\.\*\*/,
      );
    }
  });

  test('test each alert, both firing and silent', async () => {
    const tried = Tests.parse(parse(await read('alerts.test.yml'))).tests.flatMap(
      (group) => group.alert_rule_test,
    );

    for (const { alert } of rules) {
      const tests = tried.filter(({ alertname }) => alertname === alert);
      expect(
        tests.some((one) => one.exp_alerts.length > 0),
        alert,
      ).toBe(true);
      expect(
        tests.some((one) => one.exp_alerts.length === 0),
        alert,
      ).toBe(true);
    }
  });

  test('are accepted by Prometheus, and their tests pass', async ({ skip }) => {
    const checked = await promtool('check', 'rules', join(OPS, 'alerts.yml'));
    skip(checked === null, 'there is no promtool here');
    const tested = await promtool('test', 'rules', join(OPS, 'alerts.test.yml'));

    expect(checked).toContain('SUCCESS');
    expect(tested).toContain('SUCCESS');
  });
});

/** Null: promtool is not installed. */
async function promtool(...args: readonly string[]): Promise<string | null> {
  return new Promise((resolve) => {
    execFile('promtool', [...args], (error, stdout, stderr) => {
      resolve(error?.code === 'ENOENT' ? null : `${stdout}${stderr}`);
    });
  });
}
