import { GatewayOpcodes } from 'discord-api-types/v10';
import { describe, expect, it } from 'vitest';

import { ANNA, anna, APPLICATION, COUNCILLOR, councillor, GUILD, TOKEN } from '../small-world.js';
import { connectBot, startSession } from './raw-bot.js';

describe('a planted fault', () => {
  it('drop loses the event for good: no gap in the sequence, and no resume brings it', async () => {
    const { bot, gateway, moderator, resume } = await startSession();
    gateway.faults.plant({ effect: { kind: 'drop' }, event: 'GUILD_MEMBER_REMOVE' });

    moderator.leave(anna);
    moderator.leave(councillor);

    expect(await bot.namesSinceStart()).toEqual(['GUILD_MEMBER_REMOVE']);
    expect((await bot.event('GUILD_MEMBER_REMOVE')).d.user.id).toBe(COUNCILLOR);
    expect(bot.lastSequence).toBe(3);
    bot.terminate();
    const next = await resume();
    await next.event('RESUMED');
    expect(next.names()).toEqual(['RESUMED']);
    expect(gateway.faults.list()).toEqual([]);
  });

  it('double sends the event twice, with two numbers', async () => {
    const { bot, gateway, moderator } = await startSession();
    gateway.faults.plant({ effect: { kind: 'double' } });

    moderator.leave(anna);

    expect(await bot.namesSinceStart()).toEqual(['GUILD_MEMBER_REMOVE', 'GUILD_MEMBER_REMOVE']);
    expect(bot.lastSequence).toBe(4);
  });

  it('delay lets later events overtake', async () => {
    const { bot, gateway, moderator } = await startSession();
    gateway.faults.plant({ effect: { kind: 'delay', ms: 200 } });

    moderator.leave(anna);
    moderator.leave(councillor);
    await bot.event('GUILD_MEMBER_REMOVE', 2);

    const ids = bot.bodies('GUILD_MEMBER_REMOVE').map(({ user }) => user.id);
    expect(ids).toEqual([COUNCILLOR, ANNA]);
    expect(bot.lastSequence).toBe(4);
  });

  it('reorder swaps the event with the next one', async () => {
    const { bot, gateway, moderator } = await startSession();
    gateway.faults.plant({ effect: { kind: 'reorder', ms: 60_000 } });

    moderator.kick(anna);

    expect(await bot.namesSinceStart()).toEqual([
      'GUILD_AUDIT_LOG_ENTRY_CREATE',
      'GUILD_MEMBER_REMOVE',
    ]);
  });

  it('reorder of several swaps them in pairs', async () => {
    const { bot, gateway, moderator } = await startSession();
    gateway.faults.plant({ effect: { kind: 'reorder', ms: 60_000 }, times: null });

    moderator.ban(anna);
    moderator.leave(councillor);

    expect(await bot.namesSinceStart()).toEqual([
      'GUILD_MEMBER_REMOVE',
      'GUILD_BAN_ADD',
      'GUILD_MEMBER_REMOVE',
      'GUILD_AUDIT_LOG_ENTRY_CREATE',
    ]);
  });

  it('reorder sends the event after its time if none follows', async () => {
    const { bot, gateway, moderator } = await startSession();
    gateway.faults.plant({ effect: { kind: 'reorder', ms: 50 } });

    moderator.leave(anna);

    expect((await bot.event('GUILD_MEMBER_REMOVE')).d.user.id).toBe(ANNA);
  });

  it('that is cleared sends at once what it held back', async () => {
    const { bot, gateway, moderator } = await startSession();
    gateway.faults.plant({ effect: { kind: 'delay', ms: 600_000 }, times: null });
    moderator.kick(anna);
    expect(await bot.namesSinceStart()).toEqual([]);

    gateway.faults.clear();

    expect(await bot.namesSinceStart()).toEqual([
      'GUILD_MEMBER_REMOVE',
      'GUILD_AUDIT_LOG_ENTRY_CREATE',
    ]);
  });

  it('hits as many matching events as it was planted for, and can be removed', async () => {
    const { bot, gateway, moderator } = await startSession();
    const faultId = gateway.faults.plant({
      effect: { kind: 'drop' },
      event: 'GUILD_MEMBER_ADD',
      guildId: GUILD,
      applicationId: APPLICATION,
      times: 3,
    });
    gateway.faults.plant({ effect: { kind: 'drop' }, applicationId: 'another' });
    gateway.faults.plant({ effect: { kind: 'drop' }, guildId: 'another' });

    moderator.leave(anna);
    moderator.join(anna);
    expect(gateway.faults.list()[0]).toMatchObject({ faultId, left: 2 });
    gateway.faults.remove(faultId);
    moderator.leave(anna);
    moderator.join(anna);

    expect(await bot.namesSinceStart()).toEqual([
      'GUILD_MEMBER_REMOVE',
      'GUILD_MEMBER_REMOVE',
      'GUILD_MEMBER_ADD',
    ]);
  });

  it('with a chance hits by the random numbers of the sandbox', async () => {
    const numbers = [0.1, 0.9, 0.1];
    const { bot, gateway, moderator } = await startSession({ random: () => numbers.shift() ?? 1 });
    gateway.faults.plant({ effect: { kind: 'drop' }, probability: 0.5, times: null });

    moderator.leave(anna);
    moderator.join(anna);
    moderator.leave(anna);

    expect(await bot.namesSinceStart()).toEqual(['GUILD_MEMBER_ADD']);
  });

  it('never hits READY', async () => {
    const { gateway, connect } = await startSession();
    gateway.faults.plant({ effect: { kind: 'drop' }, times: null });

    const second = await connect();
    await second.identify();

    expect(await second.namesSinceStart()).toEqual([]);
    expect(second.names()).toEqual(['READY']);
  });

  it('refuses an identify with any code, and the next is accepted', async () => {
    const { gateway, connect } = await startSession();
    gateway.faults.plant({ effect: { kind: 'refuseIdentify', code: 4004 } });

    const refused = await connect();
    refused.sendIdentify();

    expect((await refused.closed).code).toBe(4004);
    expect(await (await connect()).identify()).toMatchObject({ t: 'READY' });
  });

  it('answers an identify with opcode 9', async () => {
    const { gateway, connect, moderator, bot } = await startSession();
    gateway.faults.plant({ effect: { kind: 'invalidSession' } });
    moderator.leave(anna);
    expect(await bot.namesSinceStart()).toEqual(['GUILD_MEMBER_REMOVE']);

    const early = await connect();
    early.sendIdentify();

    expect(await early.opcode(GatewayOpcodes.InvalidSession)).toMatchObject({ d: false });
  });
});

describe('a session', () => {
  it('that is frozen sends and receives nothing until it resumes on another connection', async () => {
    const { bot, gateway, moderator, resume } = await startSession();

    gateway.freeze();
    moderator.leave(anna);
    bot.send(GatewayOpcodes.Heartbeat, 2);
    expect(gateway.sessions()).toMatchObject([{ state: 'frozen', lastHeartbeatAt: null }]);
    const next = await resume();
    await next.event('RESUMED');

    expect(next.names()).toEqual(['GUILD_MEMBER_REMOVE', 'RESUMED']);
    expect(bot.names()).toEqual(['READY', 'GUILD_CREATE']);
    expect(bot.received.filter(({ op }) => op === GatewayOpcodes.HeartbeatAck)).toEqual([]);
    expect((await bot.closed).code).toBe(1006);
  });

  it('that is frozen still answers a closing frame, unless it is half-open', async () => {
    const { bot, gateway, connect } = await startSession();
    const other = await connect();
    const ready = await other.identify();
    gateway.freeze({ sessionId: ready.d.session_id, isHalfOpen: true });
    gateway.freeze({ isHalfOpen: false });
    let isOtherClosed = false;
    void other.closed.then(() => {
      isOtherClosed = true;
    });

    other.close(4200);
    bot.close(4200);

    expect((await bot.closed).code).toBe(4200);
    expect(isOtherClosed).toBe(false);
  });

  it('is asked to reconnect with opcode 7', async () => {
    const { bot, gateway, resume } = await startSession();

    gateway.reconnect();

    expect(await bot.opcode(GatewayOpcodes.Reconnect)).toEqual({
      op: 7,
      t: null,
      s: null,
      d: null,
    });
    expect(await (await resume()).event('RESUMED')).toMatchObject({ t: 'RESUMED' });
  });

  it('that stays after opcode 7 is closed, and can still be resumed', async () => {
    const { bot, gateway, resume } = await startSession({ gateway: { reconnectGraceMs: 20 } });

    gateway.reconnect();

    expect((await bot.closed).code).toBe(4000);
    expect(await (await resume()).event('RESUMED')).toMatchObject({ t: 'RESUMED' });
  });

  it('is invalidated with opcode 9, and is gone', async () => {
    const { bot, gateway, resume } = await startSession();

    gateway.invalidate();

    expect(await bot.opcode(GatewayOpcodes.InvalidSession)).toMatchObject({ d: false });
    expect(gateway.sessions()).toEqual([]);
    expect(await (await resume()).opcode(GatewayOpcodes.InvalidSession)).toMatchObject({
      d: false,
    });
  });

  it('is invalidated but may be resumed', async () => {
    const { bot, gateway, resume } = await startSession();

    gateway.invalidate({ isResumable: true });

    expect(await bot.opcode(GatewayOpcodes.InvalidSession)).toMatchObject({ d: true });
    expect(await (await resume()).event('RESUMED')).toMatchObject({ t: 'RESUMED' });
  });

  it('that is invalidated may be resumed on the same connection, or replaced by a new one', async () => {
    const { bot, gateway, moderator, connect } = await startSession();
    const other = await connect();
    await other.identify();
    const [{ sessionId } = { sessionId: '' }] = gateway.sessions();

    gateway.invalidate({ sessionId, isResumable: true });
    moderator.leave(anna);
    await bot.opcode(GatewayOpcodes.InvalidSession);
    bot.send(GatewayOpcodes.Resume, { token: TOKEN, session_id: sessionId, seq: 2 });
    await bot.event('RESUMED');
    expect(bot.names().slice(2)).toEqual(['GUILD_MEMBER_REMOVE', 'RESUMED']);

    gateway.invalidate({ sessionId });
    await bot.first(({ op, d }) => op === GatewayOpcodes.InvalidSession && !d, 'opcode 9, false');
    bot.sendIdentify();
    expect(await bot.event('READY', 2)).toMatchObject({ s: 1 });
  });

  it('is closed with any code and reason, and can be resumed', async () => {
    const { bot, gateway, resume } = await startSession();

    gateway.close({ code: 4008, reason: 'Rate limited.' });

    expect(await bot.closed).toEqual({ code: 4008, reason: 'Rate limited.' });
    expect(await (await resume()).event('RESUMED')).toMatchObject({ t: 'RESUMED' });
  });

  it.each([999, 1005, 1006, 2000, 5000, 4000.5])('is not closed with %d', async (code) => {
    const { bot, gateway } = await startSession();

    expect(() => gateway.close({ code })).toThrow(`${code} is not a close code`);
    expect(() => gateway.faults.plant({ effect: { kind: 'refuseIdentify', code } })).toThrow(
      `${code} is not a close code`,
    );
    expect(() => gateway.close({ reason: 'x'.repeat(124) })).toThrow('at most 123 bytes');
    await bot.settled();
    expect(bot.isOpen).toBe(true);
  });

  it('is cut without a closing frame', async () => {
    const { bot, gateway } = await startSession();

    gateway.cut();

    expect((await bot.closed).code).toBe(1006);
    await expect.poll(() => gateway.sessions()).toMatchObject([{ state: 'resumable' }]);
  });

  it('is chosen by its id, its bot or its shard', async () => {
    const { bot, gateway, connect } = await startSession();
    const other = await connect();
    const ready = await other.identify({ shard: [1, 2] });

    gateway.close({ applicationId: 'another' });
    gateway.close({ shardId: 7 });
    gateway.close({ sessionId: ready.d.session_id, shardId: 1, applicationId: APPLICATION });

    expect((await other.closed).code).toBe(4000);
    await bot.settled();
    expect(bot.isOpen).toBe(true);
  });

  it('receives any payload as it is', async () => {
    const { bot, gateway } = await startSession();
    const payload = { op: 0, t: 'GUILD_MEMBER_UPDATE', s: 1, d: { guild_id: 7, extra: null } };

    gateway.inject({ payload });

    expect(await bot.event('GUILD_MEMBER_UPDATE')).toEqual(payload);
    expect(gateway.sessions()).toMatchObject([{ sequence: 2 }]);
  });
});

describe('the gateway', () => {
  it('that is down cuts all connections and refuses new ones until it is up again', async () => {
    const { bot, gateway, url, resume, moderator, call } = await startSession();

    gateway.setDown(true);

    expect((await bot.closed).code).toBe(1006);
    expect((await connectBot(url).closed).code).toBe(1006);
    expect(gateway.isDown()).toBe(true);
    expect((await call('GET', '/gateway/bot')).status).toBe(200);
    moderator.leave(anna);
    gateway.setDown(false);
    const next = await resume();
    await next.event('RESUMED');
    expect(next.names()).toEqual(['GUILD_MEMBER_REMOVE', 'RESUMED']);
  });

  it('refuses an outage of a guild that does not exist', async () => {
    const { gateway } = await startSession();

    expect(() => gateway.setGuildUnavailable({ guildId: '5', isUnavailable: true })).toThrow(
      'there is no guild with id 5',
    );
  });
});
