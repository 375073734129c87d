import { isLoopback, readWebAddress } from '../lib/web-address.js';
import { inviteCodeOf } from './doctor/invite-check.js';

export interface AddressRules {
  /** Outside production loopback is allowed, over plain http too: the sandbox Discord lives there. */
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
    return 'It must be a whole address in plain ASCII, without a user name or a password.';
  if (address.includes('#')) return 'It must not have a fragment (#…).';
  const isLocal = !isProduction && isLoopback(url.hostname);
  if (url.protocol !== 'https:' && !isLocal)
    return 'It must begin with https://.';
  if (name === 'inviteUrl')
    return isLocal || inviteCodeOf(address) !== null ? null : NO_INVITE;
  return isLocal ||
    publicUrl === null ||
    new URL(publicUrl).origin === url.origin
    ? null
    : `It must be on the origin of PUBLIC_URL, ${new URL(publicUrl).origin}: anywhere else browsers cannot finish linking.`;
}

const NO_INVITE =
  "It must be one of Discord's invites: https://discord.gg/CODE, https://discord.com/invite/CODE or https://discordapp.com/invite/CODE.";
