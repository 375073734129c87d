import { readdir, readFile } from 'node:fs/promises';

import { getOperationAST, parse } from 'graphql';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { hasBrowser, picture, type Visitor } from '../support/browser.js';
import { startBrowserStage, type BrowserStage } from '../support/browser-stage.js';
import { eventually } from '../support/eventually.js';
import { recordChange, rolesOf } from '../support/story.js';
import {
  activeTab,
  answerOf,
  brightness,
  chooseTheme,
  openPlayground,
  openTab,
  openWithKey,
  run,
  runButton,
  stopButton,
  tabNames,
  typeKey,
} from './playground-page.js';

const OPERATIONS = new URL('../../schema/operations/', import.meta.url);

let stage: BrowserStage;

beforeAll(async () => {
  if (hasBrowser()) stage = await startBrowserStage();
});

afterAll(async () => stage?.stop());

const eventuallySeen = (condition: () => Promise<boolean>) => eventually(condition);

async function operationNames(): Promise<readonly (string | undefined)[]> {
  const files = (await readdir(OPERATIONS)).toSorted();
  const texts = await Promise.all(files.map((file) => readFile(new URL(file, OPERATIONS), 'utf8')));
  return texts.map((text) => getOperationAST(parse(text))?.name?.value);
}

/**
 * The browser reports a refused request without a key as a failed load, and a stopped stream or a
 * worker of a closed page as aborted.
 */
const isUsual = (complaint: string) =>
  complaint.includes('status of 401 (Unauthorized)') ||
  /^net::ERR_ABORTED: (blob:|http:\S+\/admin\?query=subscription)/.test(complaint);

/** The editor saves its tabs shortly after they change. */
async function keptTabs(page: Page, count: number): Promise<void> {
  await eventuallySeen(() =>
    page.evaluate((wanted) => {
      const kept = localStorage.getItem('graphiql:tabState') ?? '{}';
      const { tabs = [], activeTabIndex = 0 } = JSON.parse(kept);
      return tabs.length === wanted && activeTabIndex > 0;
    }, count),
  );
}

async function finish({ complaints, close }: Visitor): Promise<void> {
  expect(complaints.filter((complaint) => !isUsual(complaint))).toEqual([]);
  await close();
}

describe.skipIf(!hasBrowser())('the playground in a browser', () => {
  test('asks for a key, and runs the first operation with it', async () => {
    const visitor = await stage.visit();
    const { page } = visitor;
    await openPlayground(page, `${stage.service.address}/admin`);
    await eventuallySeen(async () => (await answerOf(page)).includes('Authorization: Bearer'));
    await picture(page, 'playground-without-key');

    await typeKey(page, stage.service.key);
    await run(page);

    await eventuallySeen(async () => (await answerOf(page)).includes('"name": "Sandbox Alliance"'));
    expect(await tabNames(page)).toEqual(await operationNames());
    await picture(page, 'playground');
    await finish(visitor);
  });

  test('shows changes as they happen', async () => {
    const visitor = await stage.visit();
    const { page } = visitor;
    await openWithKey(page, stage.service);
    await openTab(page, 'WatchRecords');
    const stream = await run(page);
    expect(stream.headers()['content-type']).toContain('text/event-stream');

    await recordChange(stage.service, 'alice', 'directors');
    await eventuallySeen(async () => {
      const answer = await answerOf(page);
      return answer.includes('alice') && answer.includes('"Director"');
    });
    expect(await answerOf(page)).toContain('"outcome": "APPLIED"');
    await picture(page, 'playground-live');
    await recordChange(stage.service, 'alice', 'directors', 'REMOVED');
    await eventuallySeen(async () =>
      /"added": \[\],\s+"removed": \[\s+\{\s+"id": "\d+",\s+"name": "Director"/.test(
        await answerOf(page),
      ),
    );

    expect(await rolesOf(stage.service, 'alice')).toHaveLength(1);
    await stopButton(page).click();
    await runButton(page).waitFor();
    await finish(visitor);
  });

  test('shows a sweep from start to finish', async () => {
    const visitor = await stage.visit();
    const { page } = visitor;
    await openWithKey(page, stage.service);
    await openTab(page, 'WatchSweeps');
    await run(page);

    await stage.service.api(
      `mutation ($input: StartSweepInput!) { startSweep(input: $input) { sweep { id } } }`,
      {
        input: { clientId: stage.clientId, kind: 'REMOTE_SYNC', dryRun: true },
      },
    );

    await eventuallySeen(async () => {
      const answer = await answerOf(page);
      return answer.includes('"REMOTE_SYNC"') && answer.includes('"DONE"');
    });
    await stopButton(page).click();
    await finish(visitor);
  });

  test('uses the theme that the user chose, or the system theme by default', async () => {
    const visitor = await stage.visit();
    const { page } = visitor;
    await page.emulateMedia({ colorScheme: 'dark' });
    await openWithKey(page, stage.service);
    expect(await brightness(page)).toBeLessThan(100);

    await chooseTheme(page, 'Light');
    await eventuallySeen(async () => (await brightness(page)) > 200);
    await picture(page, 'playground-light');
    await page.reload();
    await runButton(page).waitFor();
    expect(await brightness(page)).toBeGreaterThan(200);

    await chooseTheme(page, 'Dark');
    await page.emulateMedia({ colorScheme: 'light' });
    await page.reload();
    await runButton(page).waitFor();
    expect(await brightness(page)).toBeLessThan(100);
    await picture(page, 'playground-dark');
    await finish(visitor);
  });

  test('fits operation and response on a phone', async () => {
    const visitor = await stage.visit();
    const { page } = visitor;
    await page.setViewportSize({ width: 390, height: 844 });
    await openWithKey(page, stage.service);
    await run(page);
    await eventuallySeen(async () => (await answerOf(page)).includes('"discordClients"'));

    for (const part of ['.graphiql-query-editor', '.result-window']) {
      const box = await page.locator(part).boundingBox();
      expect(box?.width, part).toBeGreaterThan(280);
      expect((box?.x ?? 0) + (box?.width ?? 0), part).toBeLessThanOrEqual(390);
      expect((box?.y ?? 0) + (box?.height ?? 0), part).toBeLessThanOrEqual(844);
    }
    await finish(visitor);
  });

  test('restores its tabs after a reload, and replaces tabs of an older set of operations', async () => {
    const visitor = await stage.visit();
    const { page } = visitor;
    await openWithKey(page, stage.service);
    await openTab(page, 'Why');
    await keptTabs(page, 20);
    await page.reload();
    await runButton(page).waitFor();
    await eventuallySeen(async () => (await activeTab(page).innerText()) === 'Why');
    await expect.poll(() => tabNames(page)).toEqual(await operationNames());
    await page.getByRole('button', { name: 'New tab' }).click();
    await keptTabs(page, 21);
    await page.reload();
    await runButton(page).waitFor();
    await expect.poll(async () => (await tabNames(page)).length).toBe(21);

    // As if the page had been built with other operations.
    await page.evaluate(() => localStorage.setItem('discord-connector-tabs', 'older'));
    await page.reload();
    await runButton(page).waitFor();

    await expect.poll(() => tabNames(page)).toEqual(await operationNames());
    await finish(visitor);
  });
});
