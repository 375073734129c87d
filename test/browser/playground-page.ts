import type { Locator, Page, Response } from 'playwright-core';

import { eventually, patienceMs } from '../support/eventually.js';

/** What a person does with the playground's page, and sees there. */

export async function openPlayground(page: Page, address: string): Promise<void> {
  page.setDefaultTimeout(patienceMs());
  await page.goto(address);
  await tabs(page).first().waitFor();
  await page.locator('.result-window .monaco-editor').waitFor();
}

/** With the key in the address; the schema it lets the editor read has arrived. */
export async function openWithKey(
  page: Page,
  { address, key }: { readonly address: string; readonly key: string },
): Promise<void> {
  const isSchema = (response: Response) => response.request().method() === 'POST' && response.ok();
  await Promise.all([
    page.waitForResponse(isSchema, { timeout: patienceMs() }),
    openPlayground(page, `${address}/admin#key=${key}`),
  ]);
  await page.locator('.graphiql-query-editor .view-line').first().waitFor();
}

export const tabs = (page: Page): Locator =>
  page.getByRole('tablist').locator('.graphiql-tab-button');

export async function tabNames(page: Page): Promise<readonly string[]> {
  return tabs(page).allInnerTexts();
}

/** With a single click, as a person does. */
export async function openTab(page: Page, name: string): Promise<void> {
  await tabs(page).getByText(name, { exact: true }).click();
  const operation = page.locator('.graphiql-query-editor .view-lines');
  await eventually(async () => (await operation.innerText()).includes(name), {
    what: `a click opens the tab ${name}`,
  });
}

export const activeTab = (page: Page): Locator =>
  page.locator('.graphiql-tab-active .graphiql-tab-button');

export const runButton = (page: Page): Locator =>
  page.getByRole('button', { name: 'Execute query' });

export const stopButton = (page: Page): Locator => page.getByRole('button', { name: 'Stop query' });

/** Runs what the tab holds; resolves when the server has begun to answer. */
export async function run(page: Page): Promise<Response> {
  const answer = page.waitForResponse((response) =>
    new URL(response.url()).pathname.endsWith('/admin'),
  );
  await runButton(page).click();
  return answer;
}

/** Behind the word that waits for it. */
export async function typeKey(page: Page, key: string): Promise<void> {
  await page.locator('.graphiql-editor-tool').getByText('"Bearer "').click();
  await page.keyboard.press('End');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.insertText(key);
}

/** As much of it as can be seen. */
export async function answerOf(page: Page): Promise<string> {
  const lines = await page.locator('.result-window .view-lines').first().innerText();
  return lines.replaceAll('\u00a0', ' ');
}

export async function chooseTheme(page: Page, theme: 'System' | 'Light' | 'Dark'): Promise<void> {
  await page.getByRole('button', { name: 'Open settings dialog' }).click();
  await page.getByRole('button', { name: theme, exact: true }).click();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
}

/** Of 255: how bright the page is behind everything. */
export async function brightness(page: Page): Promise<number> {
  return page.evaluate(() => {
    const container = document.querySelector('.graphiql-container');
    const color = container && getComputedStyle(container).backgroundColor;
    const canvas = document.createElement('canvas').getContext('2d');
    if (!color || !canvas) return -1;
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [red = 0, green = 0, blue = 0] = canvas.getImageData(0, 0, 1, 1).data;
    return Math.round((red + green + blue) / 3);
  });
}
