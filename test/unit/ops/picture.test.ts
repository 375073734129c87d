import { join } from 'node:path';

import { beforeAll, describe, expect, test } from 'vitest';

import {
  boxOf,
  colourAt,
  legendOf,
  pageHeight,
  readDashboard,
  substitute,
  type Dashboard,
} from '../../../ops/picture/dashboard.js';
import { drawPage, PAGE_WIDTH } from '../../../ops/picture/draw.js';
import { withUnit } from '../../../ops/picture/units.js';

let dashboard: Dashboard;

beforeAll(async () => {
  const ops = join(import.meta.dirname, '../../../ops');
  dashboard = await readDashboard(join(ops, 'dashboard.json'));
});

const boxes = () => dashboard.panels.map(({ gridPos }) => boxOf(gridPos, PAGE_WIDTH));

describe('the variables of a query', () => {
  test('are replaced, with or without braces', () => {
    const asked = substitute('rate(a{client=~"$client"}[${__rate_interval}])', {
      client: '.*',
      __rate_interval: '12s',
    });

    expect(asked).toBe('rate(a{client=~".*"}[12s])');
  });

  test('are refused if they are unknown, because Prometheus would return nothing', () => {
    expect(() => substitute('up{job="$job"}', {})).toThrow('$job');
  });

  test('are all known for every panel of the dashboard in ops/', () => {
    const variables = { client: '.*', __rate_interval: '12s' };

    for (const { targets } of dashboard.panels)
      for (const { expr } of targets) expect(substitute(expr, variables)).not.toContain('$');
  });
});

describe('a legend', () => {
  test.each([
    ['{{method}} {{ route }}', 'GET /users'],
    ['{{why}} {{method}}', 'GET'],
    ['p50', 'p50'],
    ['', 'method=GET route=/users'],
  ])('with the format "%s" is "%s"', (format, wanted) => {
    expect(legendOf(format, { method: 'GET', route: '/users' })).toBe(wanted);
  });
});

describe('the dashboard page', () => {
  test('contains every panel, and none overlap', () => {
    const all = boxes();

    for (const [n, one] of all.entries()) {
      expect(one.left).toBeGreaterThan(0);
      expect(one.left + one.width).toBeLessThan(PAGE_WIDTH);
      expect(one.top + one.height).toBeLessThan(pageHeight(dashboard.panels));
      for (const other of all.slice(n + 1))
        expect(
          one.left + one.width < other.left ||
            other.left + other.width < one.left ||
            one.top + one.height < other.top ||
            other.top + other.height < one.top,
        ).toBe(true);
    }
  });

  test('shows the results of Prometheus, and "No data" where there are none', () => {
    const labels = { client: '<one>', instance: 'here', version: '1' };
    const points = [
      [100, 1],
      [101, 2],
    ] as const;
    const some = dashboard.panels.map((panel) => ({
      panel,
      answers: panel.targets.map(() => [{ labels, points }]),
      times: [100, 101],
    }));
    const none = some.map((each) => ({ ...each, answers: [[]] }));

    const page = drawPage(dashboard, some);
    const charts = dashboard.panels.filter(({ type }) => type === 'timeseries');
    expect(page.match(/<svg/g)).toHaveLength(charts.length);
    expect(page).not.toContain('No data');
    expect(page).not.toContain('<one>');
    for (const { title } of dashboard.panels) expect(page).toContain(title);
    expect(drawPage(dashboard, none).match(/No data/g)?.length).toBeGreaterThan(charts.length);
  });
});

describe('a number', () => {
  test.each([
    [0, 's', '0 s'],
    [0.0421, 's', '42.1 ms'],
    [90, 's', '1.5 min'],
    [7200, 's', '2 h'],
    [3 * 1024 ** 2, 'bytes', '3 MiB'],
    [0.25, 'percentunit', '25%'],
    [0.333_33, 'ops', '0.333 ops/s'],
    [997, 'none', '997'],
  ])('of %d in %s is shown as %s', (value, unit, wanted) => {
    expect(withUnit(value, unit)).toBe(wanted);
  });

  test('has the colour of the highest threshold it has reached', () => {
    const steps = [
      { color: 'green', value: null },
      { color: 'yellow', value: 60 },
      { color: 'red', value: 300 },
    ];

    expect([0, 59, 60, 300].map((value) => colourAt(value, steps))).toEqual([
      'green',
      'green',
      'yellow',
      'red',
    ]);
  });
});
