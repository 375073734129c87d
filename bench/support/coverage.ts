import { once } from 'node:events';

import { z } from 'zod';

/** Which functions of the service have run. */
export interface Coverage {
  /**
   * `file#function` of each named function of services/, without the demo, that ran since the
   * last call; sorted.
   */
  take(): Promise<readonly string[]>;
  close(): void;
}

const Reply = z.object({
  id: z.number(),
  result: z.unknown(),
  error: z.object({ message: z.string() }).optional(),
});

const Covered = z.object({
  result: z.array(
    z.object({
      url: z.string(),
      functions: z.array(
        z.object({
          functionName: z.string(),
          ranges: z.array(z.object({ count: z.number() })),
        }),
      ),
    }),
  ),
});

/** Attaches to a process that was started with `--inspect`, by the address that it printed. */
export async function openCoverage(printed: string): Promise<Coverage> {
  const address = /Debugger listening on (ws:\S+)/.exec(printed)?.[1];
  if (address === undefined) throw new Error('the process has printed no debugger address');
  const socket = new WebSocket(address);
  await once(socket, 'open');
  const waiting = new Map<number, (reply: z.output<typeof Reply>) => void>();
  socket.addEventListener('message', ({ data }) => {
    const parsed = Reply.safeParse(JSON.parse(String(data)));
    if (parsed.success) waiting.get(parsed.data.id)?.(parsed.data);
  });
  let last = 0;
  const send = async (method: string, params = {}): Promise<unknown> => {
    last += 1;
    const id = last;
    const reply = new Promise<z.output<typeof Reply>>((resolve) => {
      waiting.set(id, resolve);
    });
    socket.send(JSON.stringify({ id, method, params }));
    const { result, error } = await reply;
    waiting.delete(id);
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result;
  };
  await send('Profiler.enable');
  await send('Profiler.startPreciseCoverage', {
    callCount: true,
    detailed: false,
  });
  return {
    take: async () => namesOf(Covered.parse(await send('Profiler.takePreciseCoverage'))),
    close: () => socket.close(),
  };
}

function namesOf({ result }: z.output<typeof Covered>): readonly string[] {
  const names = result.flatMap(({ url, functions }) => {
    const file = /\/services\/(.+)\.js$/.exec(url)?.[1];
    if (file === undefined || /^demo\/|demonstrate/.test(file)) return [];
    return functions
      .filter(({ functionName, ranges }) => functionName !== '' && (ranges[0]?.count ?? 0) > 0)
      .map(({ functionName }) => `${file}#${functionName}`);
  });
  return [...new Set(names)].toSorted();
}
