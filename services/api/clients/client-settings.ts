import { InputError } from '../../lib/errors.js';
import { type ClientSettings, DEFAULT_CLIENT_SETTINGS, type Endpoints } from '../../model.js';
import {
  checkInputText,
  checkRange,
  checkWebUrl,
  ifGiven,
  isGiven,
  onlyGiven,
} from '../kit/checks.js';
import type {
  CreateDiscordClientInput,
  EndpointsInput,
  NicknamePolicyInput,
  UpdateDiscordClientInput,
} from './client.input.js';
import type { DiscordClient, RemovalGuard } from './discord-client.types.js';
import type { ClientPatch, NewClient } from './ports.js';

/** Returns what is wrong with one of a client's Discord URLs; null if it is allowed. */
type CheckEndpoint = (url: string, name: keyof Endpoints) => string | null;

/** Returns why browsers must not be redirected to an address; null if it is allowed. */
type CheckClientAddress = (name: 'callbackUrl' | 'inviteUrl', address: string) => string | null;

/** Returns everything that is wrong with a nickname template; empty if it is valid. */
type TemplateFaults = (template: string) => readonly string[];

/**
 * Rules for a client's settings: which endpoints and redirect addresses are allowed, and which
 * templates are valid.
 */
export interface ClientPolicy {
  readonly checkEndpoint: CheckEndpoint;
  readonly checkClientAddress: CheckClientAddress;
  readonly defaultEndpoints: Endpoints;
  readonly templateFaults: TemplateFaults;
}

export function toNewClient(input: CreateDiscordClientInput, policy: ClientPolicy): NewClient {
  return {
    ...DEFAULT_CLIENT_SETTINGS,
    ...givenSettings(input, policy),
    name: checkInputText(input.name, 'input.name', 100),
    applicationId: input.applicationId,
    guildId: input.guildId,
    clientSecret: checkInputText(input.clientSecret, 'input.clientSecret', 500),
    botToken: checkInputText(input.botToken, 'input.botToken', 500),
    endpoints: mergeEndpoints(policy.defaultEndpoints, input.endpoints ?? {}, policy.checkEndpoint),
  };
}

export function toClientPatch(
  input: UpdateDiscordClientInput,
  current: Pick<DiscordClient, 'endpoints'>,
  policy: Omit<ClientPolicy, 'defaultEndpoints'>,
): ClientPatch {
  const { name, applicationId, clientSecret, botToken } = input;
  return {
    ...givenSettings(input, policy),
    ...onlyGiven({
      name: ifGiven(name, (text) => checkInputText(text, 'input.name', 100)),
      applicationId,
      clientSecret: ifGiven(clientSecret, (text) =>
        checkInputText(text, 'input.clientSecret', 500),
      ),
      botToken: ifGiven(botToken, (text) => checkInputText(text, 'input.botToken', 500)),
    }),
    ...changedEndpoints(input, current.endpoints, policy.checkEndpoint),
  };
}

/**
 * Returns the endpoints if they change. New endpoints require new secrets in the same input, so
 * that stored secrets are never sent to a new host.
 */
function changedEndpoints(
  input: UpdateDiscordClientInput,
  current: Endpoints,
  checkEndpoint: CheckEndpoint,
): { readonly endpoints?: Endpoints } {
  const endpoints = mergeEndpoints(current, input.endpoints ?? {}, checkEndpoint);
  const isSame = ENDPOINT_NAMES.every((n) => endpoints[n] === current[n]);
  if (isSame) return {};
  if (!isGiven(input.botToken) || !isGiven(input.clientSecret))
    throw new InputError(
      'BAD_USER_INPUT',
      '`endpoints` can only change together with `botToken` and `clientSecret` in the same input.',
      'input.endpoints',
    );
  return { endpoints };
}

const ENDPOINT_NAMES = ['apiBase', 'authorizeUrl', 'tokenUrl', 'revokeUrl'] as const;

function mergeEndpoints(
  base: Endpoints,
  input: EndpointsInput,
  checkEndpoint: CheckEndpoint,
): Endpoints {
  const merged = { ...base };
  for (const name of ENDPOINT_NAMES) {
    const given = input[name];
    if (!isGiven(given) || given === base[name]) continue;
    const field = `input.endpoints.${name}`;
    const url = checkWebUrl(given, field).replace(/\/+$/, '');
    const fault = checkEndpoint(url, name);
    if (fault !== null) throw new InputError('BAD_USER_INPUT', fault, field);
    merged[name] = url;
  }
  return merged;
}

type SettingsInput = Omit<
  UpdateDiscordClientInput,
  'id' | 'name' | 'applicationId' | 'clientSecret' | 'botToken' | 'endpoints'
>;

/**
 * Returns the settings that the input contains. Null clears `callbackUrl`, `inviteUrl` and
 * `auditRetentionDays`; for any other setting null means omitted.
 */
function givenSettings(
  input: SettingsInput,
  policy: Pick<ClientPolicy, 'checkClientAddress' | 'templateFaults'>,
): Partial<ClientSettings> {
  const { authority, unknownMembership, screening, handRemovals, wholeListWrites } = input;
  return {
    ...givenAddress('callbackUrl', input.callbackUrl, policy),
    ...givenAddress('inviteUrl', input.inviteUrl, policy),
    ...onlyGiven({
      isEnabled: input.enabled,
      authority,
      unknownMembership,
      nicknamePolicy: ifGiven(input.nicknamePolicy, (given) =>
        toNicknamePolicy(given, policy.templateFaults),
      ),
      removalGuard: ifGiven(input.removalGuard, toRemovalGuard),
      linking: ifGiven(input.linking, ({ email, keepTokens }) => ({
        email,
        keepsTokens: keepTokens,
      })),
      screening,
      isLive: input.live,
      handRemovals,
      wholeListWrites,
    }),
    ...givenRetention(input.auditRetentionDays),
  };
}

/** A hundred years. A larger number is probably a typo. */
const MOST_DAYS = 36_500;

function givenRetention(
  days: number | null | undefined,
): Partial<Pick<ClientSettings, 'auditRetentionDays'>> {
  if (days === undefined) return {};
  const field = 'input.auditRetentionDays';
  return {
    auditRetentionDays: days === null ? null : checkRange(days, field, { min: 1, max: MOST_DAYS }),
  };
}

function givenAddress(
  name: 'callbackUrl' | 'inviteUrl',
  value: string | null | undefined,
  { checkClientAddress }: Pick<ClientPolicy, 'checkClientAddress'>,
): Partial<Pick<ClientSettings, typeof name>> {
  if (value === undefined) return {};
  if (value === null) return { [name]: null };
  const field = `input.${name}`;
  const fault = checkClientAddress(name, checkWebUrl(value, field));
  if (fault !== null) throw new InputError('BAD_USER_INPUT', fault, field);
  return { [name]: value };
}

/**
 * Rejects absurdly long templates before they are parsed. `templateFaults` applies the real limit.
 */
const MAX_TEMPLATE = 2000;

function toNicknamePolicy(
  input: NicknamePolicyInput,
  templateFaults: TemplateFaults,
): ClientSettings['nicknamePolicy'] {
  const field = 'input.nicknamePolicy.template';
  const template = isGiven(input.template)
    ? checkInputText(input.template, field, MAX_TEMPLATE)
    : null;
  const faults = template === null ? [] : templateFaults(template);
  if (faults.length > 0)
    throw new InputError(
      'BAD_USER_INPUT',
      `Invalid nickname template: ${faults.join('; ')}.`,
      field,
    );
  if (input.strategy === 'TEMPLATE' && template === null)
    throw new InputError(
      'BAD_USER_INPUT',
      '`template` is required with the strategy TEMPLATE.',
      field,
    );
  return {
    strategy: input.strategy,
    template,
    onUnlink: input.onUnlink ?? DEFAULT_CLIENT_SETTINGS.nicknamePolicy.onUnlink,
  };
}

function toRemovalGuard(input: RemovalGuard): ClientSettings['removalGuard'] {
  return {
    minimum: checkRange(input.minimum, 'input.removalGuard.minimum', { min: 0, max: 1_000_000 }),
    percent: checkRange(input.percent, 'input.removalGuard.percent', { min: 0, max: 100 }),
  };
}
