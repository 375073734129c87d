import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Sweep } from '../../../services/api/sweeps/sweep.types.js';
import { CLIENT_ID, OTHER_CLIENT_ID, ownId } from '../../builders/api-views.js';
import { aSweep } from '../../builders/sweep-views.js';
import { eventually } from '../../support/eventually.js';
import { KEYS, startApi, type StartedApi } from './start-api.js';
import { subscribe, type Subscribed } from './subscribe.js';

const SWEEPS = `subscription ($clientId: ID, $id: ID) {
  sweepProgressed(clientId: $clientId, id: $id) { id state checked changed plan { hash } client { id } }
}`;

const running = (given: Partial<Sweep> = {}): Sweep =>
  aSweep({
    id: ownId(0x50),
    state: 'RUNNING',
    plan: null,
    checked: 0,
    drifted: 0,
    finishedAt: null,
    ...given,
  });

let api: StartedApi;
const open: Subscribed[] = [];
beforeEach(async () => {
  api = await startApi({ sweeps: [aSweep(), running()] });
});
afterEach(async () => {
  for (const one of open.splice(0)) one.close();
  await api.server.stop();
});

async function watchSweeps(
  variables: Readonly<Record<string, unknown>> = {},
  key: string | null = KEYS.admin,
): Promise<Subscribed> {
  const subscribed = await subscribe(api.url, SWEEPS, { variables, key });
  open.push(subscribed);
  return subscribed;
}

/** Changes a sweep as another process would: stores the row first, then sends the notice. */
function move(sweep: Sweep, isTold = true): void {
  const at = api.world.sweeps.findIndex((one) => one.id === sweep.id);
  api.world.sweeps.splice(at < 0 ? api.world.sweeps.length : at, 1, sweep);
  if (isTold) api.notices.sweepMoved(sweep);
}

const told = ({ events }: Subscribed) =>
  events.map(({ data, errors }) => data?.sweepProgressed ?? errors);

const codesOf = ({ events }: Subscribed) =>
  events.flatMap(({ errors = [] }) => errors.map(({ extensions }) => extensions['code']));

describe('sweepProgressed', () => {
  it('sends each unfinished sweep, then every change, and nothing twice', async () => {
    const watched = await watchSweeps({ clientId: CLIENT_ID });
    await eventually(() => watched.events.length === 1);

    move(running({ checked: 100 }));
    await eventually(() => watched.events.length === 2);
    move(running({ checked: 100 }));
    move(running({ state: 'DONE', checked: 200, finishedAt: new Date() }));
    await eventually(() => watched.events.length === 3);

    expect(told(watched)).toMatchObject([
      { id: ownId(0x50), state: 'RUNNING', checked: 0 },
      { state: 'RUNNING', checked: 100 },
      { state: 'DONE', checked: 200, client: { id: CLIENT_ID } },
    ]);
  });

  it('sends a thousand quick changes as at most two events, ending with the latest', async () => {
    const watched = await watchSweeps();
    await eventually(() => watched.events.length === 1);
    api.calls.length = 0;

    for (let checked = 1; checked <= 1_000; checked += 1) move(running({ checked }));
    await eventually(() => told(watched).at(-1)?.checked === 1_000);

    expect(watched.events.length).toBeLessThanOrEqual(3);
    expect(api.calls.filter((call) => call === 'sweeps.findSweeps').length).toBeLessThanOrEqual(2);
  });

  it('sends only the requested sweep, even if it is finished', async () => {
    const watched = await watchSweeps({ id: aSweep().id });
    await eventually(() => watched.events.length === 1);

    move(running({ checked: 5 }));
    move(aSweep({ changed: 99 }));
    await eventually(() => watched.events.length === 2);

    expect(told(watched)).toMatchObject([
      { id: aSweep().id, state: 'DONE' },
      { id: aSweep().id, changed: 99 },
    ]);
  });

  it('sends a finished sweep again when its changes are recorded', async () => {
    const finishedAt = new Date('2026-11-22T17:30:00Z');
    const done = running({ state: 'DONE', drifted: 5, finishedAt });
    api.world.sweeps = [done];
    const watched = await watchSweeps();

    move({ ...done, changed: 3 }, false);
    api.notices.recordsClosed(CLIENT_ID);
    await eventually(() => watched.events.length === 1);

    expect(told(watched)).toMatchObject([{ state: 'DONE', changed: 3 }]);
  });

  it('checks all sweeps if notices may have been lost', async () => {
    const watched = await watchSweeps();
    await eventually(() => watched.events.length === 1);

    move(running({ checked: 7 }), false);
    move(running({ id: ownId(0x51), kind: 'SYNC_ACCOUNTS' }), false);
    api.notices.sweepMoved(null);
    await eventually(() => watched.events.length === 3);

    expect(told(watched).slice(1)).toMatchObject([
      { id: ownId(0x50), checked: 7 },
      { id: ownId(0x51) },
    ]);
  });

  it('sends a key limited to some clients only the sweeps of those clients', async () => {
    const foreign = running({ id: ownId(0x52), clientId: OTHER_CLIENT_ID });
    api.world.sweeps.push(foreign);
    const watched = await watchSweeps({}, KEYS.limited);
    const refused = await watchSweeps({ id: foreign.id }, KEYS.limited);
    const forbidden = await watchSweeps({ clientId: OTHER_CLIENT_ID }, KEYS.limited);
    await eventually(() => refused.isOver() && forbidden.isOver());

    move({ ...foreign, checked: 9 });
    move(running({ checked: 1 }));
    await eventually(() => told(watched).at(-1)?.checked === 1);

    expect(told(watched).map((sweep) => sweep.id)).not.toContain(foreign.id);
    expect(codesOf(refused)).toEqual(['NOT_FOUND']);
    expect(codesOf(forbidden)).toEqual(['FORBIDDEN']);
  });

  it('is denied to keys that may not read sweeps', async () => {
    const codes = [];
    for (const key of [KEYS.read, KEYS.write]) {
      const watched = await watchSweeps({}, key);
      await eventually(watched.isOver);
      codes.push(...codesOf(watched));
    }

    expect(codes).toEqual(['FORBIDDEN', 'FORBIDDEN']);
  });

  it('resumes where it left off after the database was unreachable', async () => {
    const watched = await watchSweeps();
    await eventually(() => watched.events.length === 1);
    api.calls.length = 0;
    api.fail('sweeps.findSweeps', new Error('connection lost'));

    move(running({ checked: 3 }));
    await eventually(() => api.calls.includes('sweeps.findSweeps'));
    api.fail('sweeps.findSweeps', null);

    await eventually(() => told(watched).at(-1)?.checked === 3);
  });

  it('leaves no listener if it cannot start', async () => {
    api.fail('notices.recentSweepIds', new Error('connection lost'));

    const refused = await watchSweeps();
    await eventually(refused.isOver);

    expect(codesOf(refused)).toEqual(['INTERNAL']);
    expect(api.notices.listeners()).toBe(0);
  });
});
