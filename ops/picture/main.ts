/**
 * `npm run dashboard:picture [-- FILE]`: ops/dashboard.png, drawn from ops/dashboard.json and a
 * real run: the service with its sandbox, a Kafka, and a Prometheus that scrapes it. Wants
 * `prometheus`, Java and Chromium.
 */
import { join } from 'node:path';

import { chromium } from 'playwright-core';

import { readDashboard, substitute } from './dashboard.js';
import type { Panel } from './dashboard.js';
import { demonstrate } from './demonstration.js';
import { drawPage, PAGE_WIDTH, type Answered } from './draw.js';
import { startPrometheus, type Prometheus } from './prometheus.js';
import { openStage } from './stage.js';

const OPS = join(import.meta.dirname, '..');
const SCRAPE_SECONDS = 3;
const STEP_SECONDS = 1;

await main(process.argv[2] ?? join(OPS, 'dashboard.png'));

async function main(file: string): Promise<void> {
  const dashboard = await readDashboard(join(OPS, 'dashboard.json'));
  const say = (line: string) => process.stdout.write(`${line}\n`);
  const stage = await openStage();
  try {
    const target = new URL(stage.service.address).host;
    const prometheus = await startPrometheus({
      target,
      scrapeSeconds: SCRAPE_SECONDS,
    });
    stage.cleanup.push(() => prometheus.stop());
    const from = secondsNow();
    await demonstrate(stage, say);
    const span = { from, to: secondsNow() };
    const answered: Answered[] = [];
    for (const panel of dashboard.panels) answered.push(await answer(panel, { prometheus, span }));
    for (const { panel, answers } of answered)
      if (panel.type !== 'row' && answers.flat().length === 0) say(`no data: ${panel.title}`);
    await picture(drawPage(dashboard, answered), file);
    say(`wrote ${file}`);
  } finally {
    for (const step of stage.cleanup.toReversed()) await step();
  }
}

function secondsNow(): number {
  return Math.floor(Date.now() / 1000);
}

async function answer(
  panel: Panel,
  asked: {
    readonly prometheus: Prometheus;
    readonly span: { readonly from: number; readonly to: number };
  },
): Promise<Answered> {
  const { prometheus, span } = asked;
  const variables = {
    client: '.*',
    // As Grafana chooses it.
    __rate_interval: `${4 * SCRAPE_SECONDS}s`,
  };
  const answers = await Promise.all(
    panel.targets.map(({ expr }) => {
      const query = substitute(expr, variables);
      return panel.type === 'timeseries'
        ? prometheus.range(query, { ...span, step: STEP_SECONDS })
        : prometheus.now(query);
    }),
  );
  const length = (span.to - span.from) / STEP_SECONDS + 1;
  const times = Array.from({ length }, (_, n) => span.from + n * STEP_SECONDS);
  return { panel, answers, times };
}

async function picture(page: string, file: string): Promise<void> {
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium',
    // Chromium refuses its own sandbox to root.
    chromiumSandbox: process.getuid?.() !== 0,
    args: ['--disable-dev-shm-usage'],
    timeout: 60_000,
  });
  try {
    const shown = await browser.newPage({
      viewport: { width: PAGE_WIDTH, height: 1000 },
    });
    await shown.setContent(page);
    await shown.screenshot({ path: file, fullPage: true });
  } finally {
    await browser.close();
  }
}
