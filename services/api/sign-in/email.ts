import type { DiscordAccount } from './ports.js';

/** Guest accounts have no address; one that was never confirmed may be anybody's. */
export const lacksEmail = (account: DiscordAccount): boolean =>
  emailOf(account.email) === null || !account.isEmailVerified;

/** Only if both addresses are known. */
export function hasOtherEmail(account: DiscordAccount, platformEmail: string | null): boolean {
  const one = emailOf(account.email);
  const other = emailOf(platformEmail);
  return one !== null && other !== null && one !== other;
}

function emailOf(text: string | null): string | null {
  const email = text?.trim().toLowerCase() ?? '';
  return email === '' ? null : email;
}
