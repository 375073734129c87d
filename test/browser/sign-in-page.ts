import type { Page } from 'playwright-core';

/** A person's actions on the sign-in pages, by the visible texts. */

export const START = '/discord/sso/start';

export async function continueToDiscord(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Continue to Discord' }).click();
  await page.waitForURL('**/oauth2/authorize*');
}

/** The sandbox has no passwords: people select who they are. */
export async function consentAs(page: Page, name: string): Promise<void> {
  await page.getByRole('group', { name: 'Signed in as' }).getByRole('radio', { name }).check();
  await page.getByRole('button', { name: 'Authorize' }).click();
}

export async function consentAsNewPerson(
  page: Page,
  person: { readonly name: string; readonly email?: string },
): Promise<void> {
  const people = page.getByRole('group', { name: 'Signed in as' });
  await people.getByRole('radio', { name: 'A new person' }).check();
  await people.getByLabel('Name').fill(person.name);
  await people.getByLabel('Email (optional)').fill(person.email ?? '');
  await page.getByRole('button', { name: 'Authorize' }).click();
}

/**
 * Waits for a page of ours with this headline, and returns the code in its footer, which support
 * staff would ask for.
 */
export async function endingOf(page: Page, headline: string): Promise<string> {
  await page.getByRole('heading', { level: 1, name: headline, exact: true }).waitFor();
  return page.locator('footer code').first().innerText();
}
