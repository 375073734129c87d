import { describe, expect, it } from 'vitest';

import { fieldError, GUILD, MINER, PILOT, startSandbox } from './small-world.js';

const ROLES = `/guilds/${GUILD}/roles`;
const enhanced = {
  guild: { features: ['ENHANCED_ROLE_COLORS'] },
};
const colors = (primary: number | null, secondary: number | null, tertiary: number | null) => ({
  primary_color: primary,
  secondary_color: secondary,
  tertiary_color: tertiary,
});
const HOLOGRAPHIC = colors(11_127_295, 16_759_788, 16_761_760);

describe('the colours of a role', () => {
  it('are set by `colors`, whose first is also the older `color`', async () => {
    const { call, sandbox } = await startSandbox();

    const made = await call('POST', ROLES, {
      body: { name: 'Scout', colors: { primary_color: 0x112233 } },
    });
    const changed = await call('PATCH', `${ROLES}/${MINER}`, {
      body: { colors: colors(0x445566, null, null) },
    });

    expect(made.body).toMatchObject({ color: 0x112233, colors: colors(0x112233, null, null) });
    expect(changed.body).toMatchObject({ color: 0x445566, colors: colors(0x445566, null, null) });
    expect(sandbox.guild(GUILD).auditLog[0]?.changes).toEqual([
      { key: 'color', old_value: 0, new_value: 0x445566 },
    ]);
  });

  it('are set by `color` alone, and `colors` wins over it', async () => {
    const { call } = await startSandbox();

    const byColor = await call('PATCH', `${ROLES}/${MINER}`, { body: { color: 1 } });
    const both = await call('PATCH', `${ROLES}/${MINER}`, {
      body: { color: 2, colors: { primary_color: 3 } },
    });
    const neither = await call('PATCH', `${ROLES}/${MINER}`, {
      body: { color: null, colors: null },
    });

    expect(byColor.body).toMatchObject({ color: 1, colors: colors(1, null, null) });
    expect(both.body).toMatchObject({ color: 3, colors: colors(3, null, null) });
    expect(neither.body).toMatchObject({ color: 3 });
  });

  it('may be a gradient in a guild with the feature, and plain again', async () => {
    const { call, sandbox } = await startSandbox(enhanced);

    const gradient = await call('PATCH', `${ROLES}/${PILOT}`, {
      body: { colors: colors(1, 2, null) },
    });
    const read = await call('GET', `${ROLES}/${PILOT}`);
    const plain = await call('PATCH', `${ROLES}/${PILOT}`, {
      body: { colors: { primary_color: 1 } },
    });

    expect(gradient.body).toMatchObject({ color: 1, colors: colors(1, 2, null) });
    expect(read.body).toEqual(gradient.body);
    expect(plain.body).toMatchObject({ colors: colors(1, null, null) });
    expect(sandbox.guild(GUILD).auditLog[0]?.changes).toEqual([
      { key: 'colors', old_value: colors(1, 2, null), new_value: colors(1, null, null) },
    ]);
  });

  it('may be the holographic style, and no other has three', async () => {
    const { call } = await startSandbox(enhanced);

    const holographic = await call('POST', ROLES, { body: { colors: HOLOGRAPHIC } });
    const other = await call('POST', ROLES, { body: { colors: colors(1, 2, 3) } });
    const withoutSecond = await call('POST', ROLES, { body: { colors: colors(1, null, 3) } });

    expect(holographic.body).toMatchObject({ colors: HOLOGRAPHIC });
    expect([other.status, other.body.code]).toEqual([400, 670_008]);
    expect([withoutSecond.status, withoutSecond.body.code]).toEqual([400, 670_008]);
  });

  it.each([
    ['a gradient', colors(1, 2, null)],
    ['the holographic style', HOLOGRAPHIC],
  ])('are refused without the feature: %s', async (_name, wanted) => {
    const { call, sandbox } = await startSandbox();
    const before = sandbox.guild(GUILD).roles;

    const made = await call('POST', ROLES, { body: { colors: wanted } });
    const changed = await call('PATCH', `${ROLES}/${MINER}`, { body: { colors: wanted } });

    expect([made.status, made.body.code]).toEqual([403, 50101]);
    expect([changed.status, changed.body.code]).toEqual([403, 50101]);
    expect(sandbox.guild(GUILD).roles).toEqual(before);
  });

  it.each([
    [
      'a colour beyond white',
      colors(0x1000000, null, null),
      'colors.primary_color',
      'NUMBER_TYPE_MAX',
    ],
    ['a negative colour', colors(0, -1, null), 'colors.secondary_color', 'NUMBER_TYPE_MIN'],
    ['no object', 255, 'colors', 'DICT_TYPE_CONVERT'],
    ['a colour by name', { tertiary_color: 'red' }, 'colors.tertiary_color', 'NUMBER_TYPE_COERCE'],
  ])('are refused with %s', async (_name, wanted, path, code) => {
    const { call } = await startSandbox(enhanced);

    const reply = await call('PATCH', `${ROLES}/${MINER}`, { body: { colors: wanted } });

    expect([reply.status, reply.body.code]).toEqual([400, 50035]);
    expect(fieldError(reply, path)).toBe(code);
  });
});
