import type { IncomingHttpHeaders } from 'node:http';

import { lengthOf } from './form.js';
import { invalidField, invalidForm, invalidJson, type Refusal } from './refusal.js';

const MAX_REASON_LENGTH = 512;

const WRONG_CONTENT_TYPE = {
  code: 'CONTENT_TYPE_INVALID',
  message: 'Expected "Content-Type" header to be "application/json".',
};

/** The audit reason, sent URL-encoded so that it may contain any character. */
export function reasonOf(headers: IncomingHttpHeaders): {
  reason: string | undefined;
  error?: Refusal;
} {
  const given = headers['x-audit-log-reason'];
  if (typeof given !== 'string' || given === '') return { reason: undefined };
  const reason = decoded(given);
  if (lengthOf(reason) <= MAX_REASON_LENGTH) return { reason };
  const error = invalidField('X-Audit-Log-Reason', {
    code: 'BASE_TYPE_MAX_LENGTH',
    message: `Must be ${MAX_REASON_LENGTH} or fewer in length.`,
  });
  return { reason: undefined, error };
}

/**
 * Returns the JSON body. An empty body is an error for PATCH and POST, and an empty object for all
 * other methods.
 */
export function bodyOf(request: {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}): unknown {
  const isExpected = request.method === 'PATCH' || request.method === 'POST';
  if (request.body === '' && !isExpected) return {};
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? ''))
    throw invalidForm({ _errors: [WRONG_CONTENT_TYPE] });
  try {
    return parseJson(request.body);
  } catch {
    throw invalidJson();
  }
}

/** `JSON.parse`, except that integers too large for a double become bigints: ids keep each digit. */
function parseJson(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, written?: { readonly source?: string }) => {
    if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
    const digits = written?.source ?? '';
    return /^-?\d+$/.test(digits) ? BigInt(digits) : value;
  }) as unknown;
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
