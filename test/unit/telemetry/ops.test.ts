import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

import { createTold } from './registry.js';

/**
 * What operators are given speaks of metrics by name: a name that nothing exposes is an alert that
 * never comes.
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

describe('what operators are given', () => {
  test.each(['dashboard.json', 'alerts.yml', 'alerts.test.yml', 'runbook.md'])(
    '%s speaks of no metric that is not exposed',
    async (file) => {
      const text = await read(file);

      expect(namesIn(text).length).toBeGreaterThan(5);
      expect(unknown(text)).toEqual([]);
    },
  );

  test('shows every metric of ours somewhere on the dashboard', async () => {
    const shown = await read('dashboard.json');

    const families = [...exposed]
      .filter((name) => name.startsWith('discord_connector_'))
      .map((name) => name.replace(/_(bucket|sum|count)$/, ''));
    expect([...new Set(families)].filter((name) => !shown.includes(name))).toEqual([]);
  });

  test('names a page of the runbook with each alert, and tells there what to do', async () => {
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

  test('tries each alert, so that it comes and so that it stays away', async () => {
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

  test('is what Prometheus takes, and does as it says', async ({ skip }) => {
    const checked = await promtool('check', 'rules', join(OPS, 'alerts.yml'));
    skip(checked === null, 'there is no promtool here');
    const tested = await promtool('test', 'rules', join(OPS, 'alerts.test.yml'));

    expect(checked).toContain('SUCCESS');
    expect(tested).toContain('SUCCESS');
  });
});

/** Null: it is not here. */
async function promtool(...args: readonly string[]): Promise<string | null> {
  return new Promise((resolve) => {
    execFile('promtool', [...args], (error, stdout, stderr) => {
      resolve(error?.code === 'ENOENT' ? null : `${stdout}${stderr}`);
    });
  });
}
