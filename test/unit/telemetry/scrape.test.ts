import { describe, expect, test } from 'vitest';

import { CLIENT, createTold, STANDING } from './registry.js';

const linesOf = (text: string, name: string) =>
  text.split('\n').filter((line) => line.startsWith(`discord_connector_${name}`));

describe('a scrape', () => {
  test('reports the counters and the current state', async () => {
    const { scrape } = createTold();

    const { text, contentType } = await scrape();

    expect(contentType).toContain('text/plain');
    for (const line of [
      `reconciles_total{client="${CLIENT}",outcome="applied"} 1`,
      `oldest_wrong_role_seconds{client="${CLIENT}"} 17.5`,
      `client_healthy{client="${CLIENT}",reason="token_refused"} 0`,
      `queue_jobs{client="${CLIENT}",lane="fresh"} 7`,
      `held_removals{client="${CLIENT}"} 12`,
      'events_total{type="unreadable",result="dead_lettered"} 2',
      'dead_letters_total{topic="events"} 2',
      'consumer_lag_records{topic="events",partition="0"} 9',
      'discord_call_seconds_count{method="GET",route="/x",status="none"} 1',
      'discord_wait_seconds_sum{method="GET",route="/x",why="spent"} 0.9',
      'graphql_errors_total{type="query",code="NOT_FOUND"} 1',
      `live_state{client="${CLIENT}",state="POLLING"} 1`,
      `live_waiting_seconds{client="${CLIENT}"} 700`,
      `live_gap_seconds{client="${CLIENT}"} 90`,
      `live_missed_changes{client="${CLIENT}"} 3`,
      `disputed_members{client="${CLIENT}",kind="reversals"} 4`,
      `disputed_members{client="${CLIENT}",kind="request"} 1`,
      `revoked_roles_kept{client="${CLIENT}"} 2`,
      'live_events_total{kind="memberShown"} 2',
      'live_events_total{kind="memberLeft"} 1',
      'live_batch_seconds_count 1',
      'live_gaps_total 1',
      'invalid_requests_left 700',
      'sql_connections{state="waiting"} 0',
      'outbox_rows 5',
      'build_info{version="1.2.3"} 1',
      'part_ready{part="store"} 1',
    ])
      expect(text).toContain(`discord_connector_${line}\n`);
    expect(text).toContain('nodejs_eventloop_lag_p99_seconds');
  });

  test('queries the database once for scrapes within five seconds', async () => {
    let asked = 0;
    let nowMs = 0;
    const standing = async () => {
      asked += 1;
      return STANDING;
    };
    const { scrape } = createTold({ standing }, () => nowMs);

    await Promise.all([scrape(), scrape(), scrape()]);
    nowMs = 4_000;
    await scrape();
    const askedAtFirst = asked;
    nowMs = 6_000;
    await scrape();

    expect(askedAtFirst).toBe(1);
    expect(asked).toBe(2);
  });

  test('reports the last known values and their age while the database is unreachable', async () => {
    let nowMs = 0;
    let isAway = false;
    const standing = async () => {
      if (isAway) throw new Error('database unreachable');
      return STANDING;
    };
    const { scrape } = createTold({ standing }, () => nowMs);
    await scrape();
    isAway = true;
    nowMs = 90_000;

    const { text } = await scrape();

    expect(linesOf(text, 'standing_age_seconds')).toEqual([
      'discord_connector_standing_age_seconds 90',
    ]);
    expect(linesOf(text, 'outbox_rows')).toEqual(['discord_connector_outbox_rows 5']);
  });

  test('does not wait forever for a database that hangs', async () => {
    const { scrape } = createTold({
      standing: () => new Promise(() => undefined),
    });

    const { text } = await scrape();

    expect(linesOf(text, 'standing_age_seconds')).toEqual([]);
    expect(linesOf(text, 'build_info')).toHaveLength(1);
  });

  test('drops a reason that no longer applies, and a client that was deleted', async () => {
    let nowMs = 0;
    let clients = STANDING.clients;
    const standing = async () => ({ ...STANDING, clients });
    const { scrape } = createTold({ standing }, () => nowMs);
    await scrape();
    clients = clients.map((client) => ({ ...client, trouble: null }));
    nowMs = 10_000;
    const well = await scrape();
    clients = [];
    nowMs = 20_000;
    const gone = await scrape();

    expect(linesOf(well.text, 'client_healthy')).toEqual([
      `discord_connector_client_healthy{client="${CLIENT}",reason="none"} 1`,
    ]);
    expect(linesOf(gone.text, 'client_healthy')).toEqual([]);
  });
});

describe('a partition', () => {
  test('shows how long its current records have been in progress', async () => {
    let nowMs = 0;
    const { observed, scrape } = createTold({}, () => nowMs);
    nowMs = 30_000;
    const stuck = await scrape();
    observed.progress({
      topic: 'events',
      partition: 0,
      behind: 0,
      isBusy: false,
    });
    const done = await scrape();

    const busy = 'discord_connector_consumer_busy_seconds{topic="events",partition="0"}';
    expect(linesOf(stuck.text, 'consumer_busy')).toEqual([`${busy} 30`]);
    expect(linesOf(done.text, 'consumer_busy')).toEqual([`${busy} 0`]);
  });

  test('is dropped when the group assigns it to another process', async () => {
    const { observed, scrape } = createTold();

    observed.assigned({ events: [1, 2] });

    expect(linesOf((await scrape()).text, 'consumer_lag')).toEqual([]);
  });
});
