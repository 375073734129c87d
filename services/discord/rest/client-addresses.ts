import { isLoopback, readWebAddress } from '../../lib/web-address.js';
import { inviteCodeOf } from '../doctor/invite-check.js';

export interface AddressRules {
  /**
   * Outside production loopback is allowed, over plain http too: the sandbox Discord lives there.
   */
  readonly isProduction: boolean;
  /** Base of the addresses that people are given; null: not set. */
  readonly publicUrl: string | null;
}

/** Why browsers must not be sent to this address of a client; null: they may. */
export function checkClientAddress(
  name: 'callbackUrl' | 'inviteUrl',
  address: string,
  { isProduction, publicUrl }: AddressRules,
): string | null {
  const url = readWebAddress(address);
  if (url === null)
    return `\`${name}\` must be an absolute URL in plain ASCII without a user name or password.`;
  if (address.includes('#')) return `\`${name}\` must not have a fragment (#…).`;
  const isLocal = !isProduction && isLoopback(url.hostname);
  if (url.protocol !== 'https:' && !isLocal) return `\`${name}\` must start with https://.`;
  if (name === 'inviteUrl') return isLocal || inviteCodeOf(address) !== null ? null : NO_INVITE;
  return isLocal || publicUrl === null || new URL(publicUrl).origin === url.origin
    ? null
    : `\`${name}\` must be on the origin of PUBLIC_URL, ${new URL(publicUrl).origin}: browsers cannot finish linking anywhere else.`;
}

const NO_INVITE =
  '`inviteUrl` must be a Discord invite: https://discord.gg/CODE, https://discord.com/invite/CODE or https://discordapp.com/invite/CODE.';
