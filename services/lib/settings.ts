import { z } from 'zod';

import type { Entries } from './key-entries.js';
import { faultsOfIssuer } from './token-issuer.js';

export const commaSeparated = z.string().transform((text) =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== ''),
);

export const Origin = z.string().transform((text, context): string => {
  const origin = originOf(text);
  if (origin === null) context.addIssue('must be an origin, e.g. https://platform.example.org');
  return origin ?? '';
});

export const Port = z.coerce.number().int().min(0).max(65_535);

export const PerMinute = z.coerce.number().int().min(0).max(1_000_000_000);

/** Parses entries, and reports each one that cannot be parsed as a fault of the setting. */
export function entries<Entry>(read: (text: string) => Entries<Entry>) {
  return (text: string, context: z.RefinementCtx): readonly Entry[] => {
    const { found, faults } = read(text);
    for (const fault of faults) context.addIssue(fault);
    return found;
  };
}

type Environment = Readonly<Record<string, string | undefined>>;

interface Mode {
  readonly isSandbox: boolean;
  readonly isProduction: boolean;
  readonly parts: readonly string[];
}

/**
 * Returns one fault for each setting that is missing, or not allowed together with others. A
 * malformed setting counts as present.
 */
export function faultsOfTogether(given: Environment, mode: Mode): readonly string[] {
  const shared = [...missingForSasl(given), ...faultsOfIssuer(given, mode)];
  if (mode.isSandbox) {
    return mode.isProduction ? ['SANDBOX: not allowed when NODE_ENV is production'] : shared;
  }
  return [...missing(given, mode.parts), ...shared];
}

function missing(given: Environment, parts: readonly string[]): readonly string[] {
  const hasApi = parts.includes('api');
  const hasIssuer = given['AUTH_JWKS_URL'] !== undefined;
  const required = [
    ['DATABASE_URL', 'when the sandbox is off'],
    ['ENCRYPTION_KEYS', 'when the sandbox is off'],
    ...(hasApi && !hasIssuer ? [['API_KEYS', 'when the API runs']] : []),
    ...(parts.includes('events') && !hasApi
      ? [['KAFKA_BROKERS', 'when events are the only source of facts']]
      : []),
  ];
  return required.flatMap(([name = '', where]) =>
    given[name] === undefined ? [`${name}: required ${where}`] : [],
  );
}

function missingForSasl(given: Environment): readonly string[] {
  if (given['KAFKA_SASL_MECHANISM'] === undefined) return [];
  return ['KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD']
    .filter((name) => given[name] === undefined)
    .map((name) => `${name}: required with KAFKA_SASL_MECHANISM`);
}

/**
 * Returns the origin in the form that browsers send, so that origins can be compared as strings.
 * Null if the text is not exactly an origin.
 */
function originOf(text: string): string | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !['http:', 'https:'].includes(url.protocol)) return null;
  if (url.host.includes('*')) return null;
  // A path, query, user name or password shows that something else was meant.
  return url.href === `${url.origin}/` ? url.origin : null;
}
