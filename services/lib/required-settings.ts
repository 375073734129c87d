import { faultsOfIssuer } from './token-issuer.js';

type Environment = Readonly<Record<string, string | undefined>>;

interface Mode {
  readonly isSandbox: boolean;
  readonly isProduction: boolean;
  readonly parts: readonly string[];
}

/**
 * What the settings together ask for and do not name, one line each; a malformed one counts as
 * named.
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
