import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

import type { LiveApplication, LiveWorld } from './live-world.js';
import { invalidClient } from './oauth-refusal.js';

type FormCall = {
  readonly headers: IncomingHttpHeaders;
  readonly rawBody: string;
};

/** The fields of a form body; a body of any other type has none. */
export function formOf({ headers, rawBody }: FormCall): URLSearchParams {
  const kind = headers['content-type'] ?? '';
  return new URLSearchParams(/^application\/x-www-form-urlencoded\b/i.test(kind) ? rawBody : '');
}

/**
 * Authenticates the application with the credentials in its Basic header or in the body. Refuses
 * the call if they are missing or wrong.
 */
export function authenticateClient(world: LiveWorld, call: FormCall): LiveApplication {
  const given = credentialsOf(call);
  const application = world.applications.get(given?.clientId ?? '');
  const isRight =
    given !== undefined &&
    application !== undefined &&
    application.clientSecret !== '' &&
    areEqual(application.clientSecret, given.clientSecret);
  if (!isRight) throw invalidClient();
  return application;
}

/**
 * The application that a call claims to come from, verified or not, for the call log. Undefined if
 * unknown.
 */
export function claimedClientId(
  world: LiveWorld,
  call: FormCall & { readonly url: URL },
): string | undefined {
  const asked = call.url.searchParams.get('client_id') ?? '';
  const clientId = credentialsOf(call)?.clientId ?? '';
  return [clientId, asked].find((id) => world.applications.has(id));
}

/** Undefined if header and body name different applications. */
function credentialsOf(call: FormCall) {
  const form = formOf(call);
  const [, encoded] = /^Basic (\S+)$/i.exec(call.headers.authorization ?? '') ?? [];
  if (encoded === undefined)
    return {
      clientId: form.get('client_id') ?? '',
      clientSecret: form.get('client_secret') ?? '',
    };
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const [clientId = '', ...rest] = text.split(':');
  const named = form.get('client_id') ?? decoded(clientId);
  if (named !== decoded(clientId)) return undefined;
  return { clientId: named, clientSecret: decoded(rest.join(':')) };
}

/** RFC 6749, 2.3.1: the id and the secret are each form-encoded before they are joined. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

function areEqual(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
