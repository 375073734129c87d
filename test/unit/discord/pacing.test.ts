import { describe, expect, test } from 'vitest';

import { LANES, type Lane } from '../../../services/model.js';
import type { Job } from '../../../services/reconcile/job.js';
import { createPacing } from '../../../services/discord/limits/pacing.js';

const CLIENT = 'client-1';
const job = (lane: Lane): Job => ({
  clientId: CLIENT,
  discordUserId: '7',
  lane,
  version: 1,
  attempts: 0,
  lateCauses: 0,
  causes: [],
});

function setUp() {
  let now = 0;
  const left = { calm: Infinity, urgent: Infinity };
  const opensAt = 8_000;
  const pace = createPacing({
    clock: () => now,
    runsPerClient: 4,
    writeOutlook: ({ isUrgent }) => ({
      left: isUrgent ? left.urgent : left.calm,
      edits: Infinity,
      singlesFrom: () => opensAt,
      listsFrom: () => opensAt + 1,
    }),
  });
  pace.begun(job(LANES.sweep));
  const places = (running = 0) => pace.places(new Map(running === 0 ? [] : [[CLIENT, running]]));
  return { pace, left, places, setNow: (ms: number) => void (now = ms) };
}

describe('the pace of a client’s runs', () => {
  test('is unlimited while no limits are known', () => {
    const { places } = setUp();

    expect(places()).toMatchObject({ urgentOnly: [], closed: [] });
    expect(places().taken.get(CLIENT)).toBe(0);
    expect(places().moreInMs).toBe(Infinity);
  });

  test('starts no more runs than there are writes left', () => {
    const { places, left } = setUp();
    left.calm = 2;
    left.urgent = 3;

    expect(places().taken.get(CLIENT)).toBe(2);
    expect(places(1).taken.get(CLIENT)).toBe(3);
    expect(places(2)).toMatchObject({ urgentOnly: [CLIENT], closed: [] });
  });

  test('admits only urgent runs while only urgent writes are left', () => {
    const { places, left } = setUp();
    left.calm = 0;
    left.urgent = 1;

    expect(places()).toMatchObject({
      urgentOnly: [CLIENT],
      closed: [],
      moreInMs: 8e3,
    });
  });

  test('tries one urgent run when nothing seems to be left', () => {
    const { places, left } = setUp();
    left.calm = 0;
    left.urgent = 0;

    expect(places().closed).toEqual([]);
    expect(places().taken.get(CLIENT)).toBe(3);
    expect(places(1).closed).toEqual([CLIENT]);
  });

  test('delays only non-urgent work until the reported time', () => {
    const { pace, places, setNow } = setUp();
    pace.delayed(job(LANES.sweep), new Date(5_000));

    expect(places()).toMatchObject({
      urgentOnly: [CLIENT],
      closed: [],
      moreInMs: 5e3,
    });
    setNow(5_000);
    expect(places().urgentOnly).toEqual([]);
  });

  test('delays all work when an urgent run reports a delay', () => {
    const { pace, places } = setUp();
    pace.delayed(job(LANES.fresh), new Date(5_000));

    expect(places()).toMatchObject({ closed: [CLIENT], moreInMs: 5_000 });
  });

  test('ignores a delay from a run that began before the client was freed', () => {
    const { pace, places } = setUp();
    const before = job(LANES.fresh);
    pace.begun(before);
    pace.freed(CLIENT);

    pace.delayed(before, new Date(5_000));

    expect(places()).toMatchObject({ closed: [], urgentOnly: [] });
    const after = job(LANES.fresh);
    pace.begun(after);
    pace.delayed(after, new Date(5_000));
    expect(places()).toMatchObject({ closed: [CLIENT] });
  });
});
