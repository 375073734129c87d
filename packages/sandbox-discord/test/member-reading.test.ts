import { describe, expect, it } from 'vitest';

import {
  ANNA,
  APPLICATION,
  BOT,
  COUNCILLOR,
  fieldError,
  GUILD,
  memberPath,
  NOBODY,
  OWNER,
  owner,
  PILOT,
  startSandbox,
  STRANGER,
} from './small-world.js';

const MEMBERS = `/guilds/${GUILD}/members`;

describe('reading members', () => {
  it('gives one member with roles but without @everyone, and the time with six digits', async () => {
    const { call } = await startSandbox();

    const { status, body } = await call('GET', memberPath(ANNA));

    expect(status).toBe(200);
    expect(body).toMatchObject({
      nick: null,
      roles: [PILOT],
      pending: false,
      flags: 0,
      user: {
        id: ANNA,
        username: 'anna',
        global_name: 'Anna',
        discriminator: '0',
      },
    });
    expect(body.joined_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/);
  });

  it.each([
    ['an account that is elsewhere', STRANGER, 10007],
    ['an account that is nowhere', NOBODY, 10013],
  ])('says 404 to %s: %s, %i', async (_name, discordUserId, code) => {
    const { call } = await startSandbox();

    const { status, body } = await call('GET', memberPath(discordUserId));

    expect([status, body.code]).toEqual([404, code]);
  });

  it('knows no member @me', async () => {
    const { call } = await startSandbox();

    const reply = await call('GET', memberPath('@me'));

    expect([reply.status, reply.body.code]).toEqual([400, 50035]);
    expect(fieldError(reply, 'user_id')).toBe('NUMBER_TYPE_COERCE');
  });

  it('lists one member when not asked for more', async () => {
    const { call } = await startSandbox();

    const { list } = await call('GET', MEMBERS);

    expect(list).toHaveLength(1);
  });

  it('lists in ascending ids, page after page', async () => {
    const { call } = await startSandbox();

    const first = await call('GET', `${MEMBERS}?limit=3`);
    const second = await call('GET', `${MEMBERS}?limit=3&after=${first.list[2]?.user.id}`);

    const ids = [...first.list, ...second.list].map((one) => one.user.id);
    expect(ids).toEqual([BOT, OWNER, ANNA, COUNCILLOR]);
  });

  it('lists old accounts with shorter ids first, whatever order they joined in', async () => {
    const ids = ['1000000000000000000', '99999999999999999', BOT];
    const members = ids.map((discordUserId) => ({
      discordUserId,
      roleIds: [],
    }));
    const { call } = await startSandbox({ guild: { members } });

    const { list } = await call('GET', `${MEMBERS}?limit=10`);

    expect(list.map((one) => one.user.id)).toEqual([
      '99999999999999999',
      BOT,
      '1000000000000000000',
    ]);
  });

  it.each([
    ['limit=0', 'NUMBER_TYPE_MIN'],
    ['limit=1001', 'NUMBER_TYPE_MAX'],
    ['limit=many', 'NUMBER_TYPE_COERCE'],
    ['after=x', 'NUMBER_TYPE_COERCE'],
  ])('refuses a list with %s: %s', async (query, code) => {
    const { call } = await startSandbox();

    const reply = await call('GET', `${MEMBERS}?${query}`);

    expect([reply.status, reply.body.code]).toEqual([400, 50035]);
    expect(fieldError(reply, query.split('=')[0] ?? '')).toBe(code);
  });

  it('lists only with the privileged intent, but reads one and searches without', async () => {
    const { call, sandbox } = await startSandbox();
    sandbox.moderator.setGuildMembersIntent({
      applicationId: APPLICATION,
      guildMembersIntent: false,
    });

    const list = await call('GET', `${MEMBERS}?limit=1000`);
    const one = await call('GET', memberPath(ANNA));
    const search = await call('GET', `${MEMBERS}/search?query=ann`);

    expect([list.status, list.body.code]).toEqual([403, 50001]);
    expect(one.status).toBe(200);
    expect(search.list).toHaveLength(1);
  });

  it('finds by the beginning of handle or nickname', async () => {
    const { call, sandbox } = await startSandbox();
    sandbox.moderator.setNick({ ...owner, nick: 'Annabel' });

    const all = await call('GET', `${MEMBERS}/search?query=ANNA&limit=10`);
    const none = await call('GET', `${MEMBERS}/search?query=nna&limit=10`);

    expect(all.list.map((one) => one.user.id)).toEqual([OWNER, ANNA]);
    expect(none.list).toEqual([]);
  });
});
