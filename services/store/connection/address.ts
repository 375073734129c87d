import type { ClientConfig } from 'pg';
import { parse, toClientConfig } from 'pg-connection-string';

const SSL_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'];

/**
 * Parses the database URL with all its parameters as libpq does, for both the pool and the
 * listener. Throws if a certificate or key file cannot be read.
 * https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
 */
export function readAddress(url: string): ClientConfig {
  const address = new URL(url);
  const { searchParams: given } = address;
  const mode = given.get('sslmode');
  // `no-verify` is pg's name for libpq's `require`.
  if (mode === 'no-verify') given.set('sslmode', 'require');
  else if (mode !== null && !SSL_MODES.includes(mode))
    throw new Error(
      `DATABASE_URL: sslmode ${JSON.stringify(mode)} is not supported; use one of ${SSL_MODES.join(', ')}`,
    );
  // `system` is not a file name. If no file is given, Node trusts the system's certificates.
  if (given.get('sslrootcert') === 'system') given.delete('sslrootcert');
  given.delete('uselibpqcompat');
  const config = toClientConfig(parsed(address.href));
  if (typeof config.ssl !== 'object') return config;
  const { host = '' } = config;
  const passphrase = given.get('sslpassword');
  // Without `host`, pg would check the certificate of a host given by IP address against
  // "localhost".
  const ssl = {
    ...config.ssl,
    host,
    ...(passphrase !== null && { passphrase }),
  };
  return { ...config, ssl };
}

function parsed(url: string): ReturnType<typeof parse> {
  try {
    return parse(url, { useLibpqCompat: true });
  } catch (error) {
    const fault = error instanceof Error ? error.message : String(error);
    throw new Error(`DATABASE_URL: ${fault}`, { cause: error });
  }
}
