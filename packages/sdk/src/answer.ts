import { ConnectorError } from './errors.js';

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const text = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : undefined;

/** Returns the data of an answer, or throws its first error. */
export async function readAnswer(response: Response): Promise<Fields> {
  const answer = parse(await response.text());
  if (answer === null) throw noGraphql(response);
  const errors = answer['errors'];
  if (Array.isArray(errors) && errors.length > 0) throw toError(errors[0], response);
  const data = answer['data'];
  if (isFields(data)) return data;
  throw noGraphql(response);
}

function parse(body: string): Fields | null {
  try {
    const answer: unknown = JSON.parse(body);
    return isFields(answer) ? answer : null;
  } catch {
    return null;
  }
}

function toError(given: unknown, response: Response): ConnectorError {
  const error = isFields(given) ? given : {};
  const extensions = isFields(error['extensions']) ? error['extensions'] : {};
  return new ConnectorError(text(error['message']) ?? 'no reason was given', {
    code: text(extensions['code']) ?? 'INTERNAL',
    field: text(extensions['field']),
    requestId: text(extensions['requestId']) ?? requestIdOf(response),
    retryAt: timeOf(extensions['retryAt']) ?? retryAfter(response),
  });
}

/**
 * An answer that is not GraphQL comes from a proxy, or the address is wrong. Its body may contain
 * anything, so the error does not repeat it.
 */
function noGraphql(response: Response): ConnectorError {
  const { status } = response;
  const isPassing = status >= 500 || status === 429;
  return new ConnectorError(`the answer is not GraphQL: status ${status}`, {
    code: isPassing ? 'UNAVAILABLE' : 'INTERNAL',
    requestId: requestIdOf(response),
    retryAt: retryAfter(response),
  });
}

const requestIdOf = ({ headers }: Response) => headers.get('x-request-id') ?? undefined;

function timeOf(value: unknown): Date | undefined {
  const time = new Date(text(value) ?? '');
  return Number.isNaN(time.getTime()) ? undefined : time;
}

/** Reads the header Retry-After, which holds seconds or a date. */
function retryAfter({ headers }: Response): Date | undefined {
  const value = headers.get('retry-after') ?? '';
  return /^\d{1,9}$/.test(value) ? new Date(Date.now() + Number(value) * 1000) : timeOf(value);
}
