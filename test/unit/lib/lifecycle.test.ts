import { describe, expect, test } from 'vitest';

import { UnavailableError } from '../../../services/lib/errors.js';
import { createLife, type Part } from '../../../services/lib/lifecycle.js';
import { silentLogger, type Logger } from '../../../services/lib/logger.js';
import { eventually } from '../../support/eventually.js';

const seen: string[] = [];

function part(name: string, own: Partial<Part> = {}): Part {
  return {
    name,
    start: async () => void seen.push(`start ${name}`),
    stop: async () => void seen.push(`stop ${name}`),
    ready: () => ({ ok: true }),
    ...own,
  };
}

function lifeOf(
  starts: readonly Part[],
  stops: readonly (readonly Part[])[] = [starts],
  logger: Logger = silentLogger,
) {
  seen.length = 0;
  const retry = { baseMs: 1, maxMs: 2 };
  const deps = { starts, stops, logger, retry };
  return createLife({ ...deps, random: () => 0, clock: () => 0 });
}

/** A logger that records its warnings. */
function listening(): { readonly said: unknown[]; readonly logger: Logger } {
  const said: unknown[] = [];
  const warn = (fields: unknown) => void said.push(fields);
  return { said, logger: Object.assign(Object.create(silentLogger), { warn }) };
}

describe('the lifecycle', () => {
  test('starts the parts one after another and serves, then stops them group by group', async () => {
    const [door, store, path] = [part('door'), part('store'), part('path')];
    const life = lifeOf([door, store, path], [[path], [door], [store]]);
    const before = life.stage();

    await life.start();
    const between = life.stage();
    await life.stop();

    expect([before, between, life.stage()]).toEqual(['starting', 'serving', 'stopping']);
    expect(seen).toEqual([
      'start door',
      'start store',
      'start path',
      'stop path',
      'stop door',
      'stop store',
    ]);
    expect(life.unfinished()).toEqual([]);
  });

  test('waits for an unreachable dependency, logs the reason once, and continues when it is reachable', async () => {
    let [tries, isThere] = [0, false];
    const { said, logger } = listening();
    const store = part('store', {
      start: async () => {
        tries += 1;
        if (!isThere)
          throw new UnavailableError('database unreachable', {
            cause: new Error('connect ECONNREFUSED 127.0.0.1:5432'),
          });
      },
    });
    const life = lifeOf([store, part('path')], undefined, logger);

    const started = life.start();
    await eventually(() => tries > 4);
    const waitedFor = life.waitsFor();
    isThere = true;
    await started;

    expect(waitedFor).toBe('database unreachable');
    expect(life.waitsFor()).toBeNull();
    expect(life.stage()).toBe('serving');
    expect(seen).toEqual(['start path']);
    expect(said).toEqual([
      {
        part: 'store',
        reason: 'database unreachable: connect ECONNREFUSED 127.0.0.1:5432',
      },
    ]);
  });

  test('gives up on an error that waiting cannot fix, after stopping all started parts', async () => {
    const store = part('store', {
      start: async () => {
        throw new Error('password authentication failed');
      },
    });
    const door = part('door');
    const life = lifeOf([door, store, part('path')]);

    await expect(life.start()).rejects.toThrow('password authentication');

    expect(seen).toEqual(['start door', 'stop door']);
    expect(life.stage()).toBe('stopping');
    expect(life.unfinished()).toEqual([]);
  });

  test('starts no further parts if it is stopped while it waits', async () => {
    const store = part('store', {
      start: async () => {
        throw new UnavailableError('database unreachable');
      },
    });
    const life = lifeOf([part('door'), store, part('path')]);
    const started = life.start();
    await eventually(() => life.waitsFor() !== null);

    await life.stop();
    await started;

    expect(seen).toEqual(['start door', 'stop door']);
    expect(life.stage()).toBe('stopping');
  });

  test('stops a part that is still starting only once it has started', async () => {
    const opened = Promise.withResolvers<void>();
    const store = part('store', {
      start: async () => {
        await opened.promise;
        seen.push('started store');
      },
    });
    const life = lifeOf([store, part('path')]);
    const started = life.start();

    const stopped = life.stop();
    expect(life.unfinished()).toEqual(['store']);
    opened.resolve();
    await Promise.all([started, stopped]);

    expect(seen).toEqual(['started store', 'stop store']);
  });

  test('stops the other parts if one fails to stop, and the parts of a group in parallel', async () => {
    const both = Promise.withResolvers<void>();
    const first = part('first', { stop: () => both.promise });
    const second = part('second', { stop: async () => both.resolve() });
    const broken = part('broken', {
      stop: async () => {
        throw new Error('it will not');
      },
    });
    const life = lifeOf([first, second, broken], [[broken, first], [second]]);
    await life.start();

    const stopped = life.stop();
    await eventually(() => !life.unfinished().includes('broken'));
    expect(life.unfinished()).toEqual(['first', 'second']);
    both.resolve();
    await stopped;

    expect(life.unfinished()).toEqual([]);
  });

  test('stops each part once, however often stop is called', async () => {
    const life = lifeOf([part('door')]);
    await life.start();

    await Promise.all([life.stop(), life.stop()]);
    await life.stop();

    expect(seen).toEqual(['start door', 'stop door']);
  });
});
