import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import {
  chromium,
  type Browser,
  type BrowserContext,
  type ConsoleMessage,
  type Page,
} from 'playwright-core';
import { inject } from 'vitest';

import { patienceMs } from './eventually.js';

/** For `describe.skipIf(!hasBrowser())`: the run has already printed why there is no browser. */
export function hasBrowser(): boolean {
  return 'path' in inject('browser');
}

/** A browser that can reach no host except this machine. */
export async function launchBrowser(): Promise<Browser> {
  const browser = inject('browser');
  if ('reason' in browser) throw new Error(browser.reason);
  return chromium.launch({
    executablePath: browser.path,
    // Chromium does not run its own sandbox as root.
    chromiumSandbox: process.getuid?.() !== 0,
    args: ['--disable-dev-shm-usage', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
  });
}

/** A browser context of one person, without the cookies of others. */
export interface Visitor {
  readonly page: Page;
  /**
   * Errors and warnings in the console, and requests to other hosts: a correct page causes none.
   */
  readonly complaints: readonly string[];
  readonly close: () => Promise<void>;
}

export async function openVisitor(
  browser: Browser,
  options: {
    readonly javaScriptEnabled?: boolean;
    readonly allowedHosts: readonly string[];
  },
): Promise<Visitor> {
  const { allowedHosts, javaScriptEnabled = true } = options;
  const context = await browser.newContext({ javaScriptEnabled });
  const complaints: string[] = [];
  watch(context, { allowedHosts, complaints });
  const page = await context.newPage();
  page.setDefaultTimeout(patienceMs());
  return { page, complaints, close: () => context.close() };
}

function watch(context: BrowserContext, { allowedHosts, complaints }: WatchedBy): void {
  context.on('request', (request) => {
    // A worker's script may be a blob address, which contains its page's address.
    const { host } = new URL(request.url().replace(/^blob:/, ''));
    if (!allowedHosts.includes(host)) complaints.push(`asked another host: ${request.url()}`);
  });
  context.on('requestfailed', (request) => {
    complaints.push(`${request.failure()?.errorText}: ${request.url()}`);
  });
  context.on('weberror', (fault) => {
    complaints.push(String(fault.error()));
  });
  context.on('console', (message) => {
    const isBad = ['error', 'warning'].includes(message.type());
    if (isBad && !isStatusOfPage(message)) complaints.push(message.text());
  });
}

interface WatchedBy {
  readonly allowedHosts: readonly string[];
  readonly complaints: string[];
}

/** An error page has an error status, and Chromium logs it like a missing picture. */
function isStatusOfPage(message: ConsoleMessage): boolean {
  const { url } = message.location();
  return (
    message.text().startsWith('Failed to load resource: the server responded') &&
    URL.canParse(url) &&
    new URL(url).pathname.startsWith('/discord/sso/')
  );
}

const SIZES = [
  { width: 390, height: 844 },
  { width: 1280, height: 800 },
] as const;

/**
 * Saves pictures of the page, as on a phone and on a desktop, for people to check, in the folder
 * that BROWSER_PICTURES names.
 */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env['BROWSER_PICTURES'];
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  const before = page.viewportSize();
  for (const size of SIZES) {
    await page.setViewportSize(size);
    const path = join(folder, `${name}-${size.width}.png`);
    await page.screenshot({ path, fullPage: true });
  }
  if (before) await page.setViewportSize(before);
}
