import { describe, expect, test } from 'vitest';

import type { ClientSettings } from '../../../services/model.js';
import { LIVE, useLive } from '../../support/live-fixture.js';

const live = useLive();

const gap = async () => (await live.liveGuild()).gap_at;

const beLive = () => live.live().saveLiveState([live.clientId()], LIVE);

/** The bot's session goes on for another client, so that a resume repeats no event of this one. */
describe('a client that gets events again', () => {
  test.each<[Partial<ClientSettings>, Partial<ClientSettings>]>([
    [{ isLive: false }, { isLive: true }],
    [{ isEnabled: false }, { isEnabled: true }],
  ])('after %j has missed events in between, whatever process follows it', async (off, on) => {
    await beLive();
    await live.update(off);

    expect(await gap()).toBeNull();
    await live.update(on);
    await beLive();

    expect(await gap()).toBeInstanceOf(Date);
    expect(await live.liveGuild()).toMatchObject({ state: 'CATCHING_UP' });
  });

  test('after a stop has missed events in between', async () => {
    const { memory } = live.store();
    await beLive();
    await memory.saveTrouble(live.clientId(), { kind: 'STOPPED', reason: '401' });

    await live.store().clearTrouble(live.clientId());

    expect(await gap()).toBeInstanceOf(Date);
  });

  test('has missed nothing if only other settings changed, or a pause ended', async () => {
    await beLive();
    await live.update({ name: 'another name', isLive: true });
    await live.store().memory.saveTrouble(live.clientId(), { kind: 'PAUSED', reason: '50001' });
    await live.store().clearTrouble(live.clientId());

    expect(await gap()).toBeNull();
  });

  test('has nothing to catch up with if it was never live', async () => {
    await live.update({ isLive: false });
    await live.update({ isLive: true });

    expect(await live.query('select from live_guild')).toEqual([]);
    expect(await live.query('select from sweep')).toEqual([]);
  });
});
