import { KEYS } from './start-api.js';

export interface Event {
  // oxlint-disable-next-line typescript/no-explicit-any -- tests reach into answers of any shape
  readonly data?: any;
  readonly errors?: readonly {
    readonly message: string;
    readonly extensions: Readonly<Record<string, unknown>>;
  }[];
}

export interface Subscribed {
  readonly headers: Headers;
  /** What was told so far. */
  readonly events: readonly Event[];
  /** Whether it was told that there is no more. */
  readonly isComplete: () => boolean;
  /** Whether the connection is over, with or without a word. */
  readonly isOver: () => boolean;
  readonly close: () => void;
}

/** As a browser does it: an open connection to the playground, and what comes along it. */
export async function subscribe(
  url: string,
  query: string,
  options: {
    readonly key?: string | null;
    readonly variables?: Readonly<Record<string, unknown>>;
  } = {},
): Promise<Subscribed> {
  const { key = KEYS.admin, variables = {} } = options;
  const connection = new AbortController();
  const response = await fetch(`${url}/admin`, {
    method: 'POST',
    signal: connection.signal,
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
    },
    body: JSON.stringify({ query, variables }),
  });
  const events: Event[] = [];
  const seen = { isComplete: false, isOver: false };
  const reading = (async () => {
    for await (const [name, data] of eventsOf(response))
      if (name === 'complete') seen.isComplete = true;
      else if (name === 'next') events.push(JSON.parse(data));
  })();
  reading
    .catch(() => undefined)
    .finally(() => (seen.isOver = true))
    .catch(() => undefined);
  return {
    headers: response.headers,
    events,
    isComplete: () => seen.isComplete,
    isOver: () => seen.isOver,
    close: () => connection.abort(),
  };
}

async function* eventsOf(response: Response): AsyncGenerator<readonly [string, string]> {
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString('utf8');
    const parts = text.split('\n\n');
    text = parts.pop() ?? '';
    for (const part of parts)
      yield [/^event: (.*)$/m.exec(part)?.[1] ?? '', /^data: (.*)$/m.exec(part)?.[1] ?? ''];
  }
}
