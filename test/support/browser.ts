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

/** For `describe.skipIf(!hasBrowser())`: the run has already said why there is none. */
export function hasBrowser(): boolean {
  return 'path' in inject('browser');
}

/** A browser for which no other host than this machine exists. */
export async function launchBrowser(): Promise<Browser> {
  const browser = inject('browser');
  if ('reason' in browser) throw new Error(browser.reason);
  return chromium.launch({
    executablePath: browser.path,
    // Chromium refuses its own sandbox to root.
    chromiumSandbox: process.getuid?.() !== 0,
    args: ['--disable-dev-shm-usage', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
  });
}

/** A person's own browser: no cookie of anybody else's. */
export interface Visitor {
  readonly page: Page;
  /**
   * What the browser complained of, and what it asked of other hosts: a page that is as it should
   * be gives neither.
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
    // A worker's script may be a blob, which says within whose it is.
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

/**
 * A page that says no has a status that says so too, and Chromium writes that down like a picture
 * that is missing.
 */
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
 * For people who want to look: pictures of the page, on a phone and on a desk, where
 * BROWSER_PICTURES names a folder.
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
