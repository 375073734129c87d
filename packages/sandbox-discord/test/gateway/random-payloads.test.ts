import fc from 'fast-check';
import { expect, it } from 'vitest';

import { ANNA, anna, BOT, GUILD, TOKEN } from '../small-world.js';
import { INTENTS, startGateway } from './raw-bot.js';

const id = fc.constantFrom<unknown>(GUILD, ANNA, BOT, '0', '-1', '', 'x', 7, [GUILD], null, {});
const whole = fc.constantFrom<unknown>(0, 1, -1, 2, 1e9, 2 ** 53, 1e308, 0.5, '1', null, true, []);
const text = fc.oneof(fc.string({ maxLength: 40, unit: 'binary' }), whole);

/** Data as the commands expect it, with fields missing, of other types or out of range. */
const data = fc.oneof(
  fc.record(
    {
      token: fc.constantFrom<unknown>(TOKEN, 'x', 7, null),
      properties: fc.constantFrom<unknown>({}, null, []),
      intents: fc.oneof(whole, fc.constant(INTENTS)),
      shard: fc.oneof(whole, fc.array(whole, { maxLength: 3 })),
      large_threshold: whole,
      compress: fc.constantFrom<unknown>(true, false, null, 1),
    },
    { requiredKeys: [] },
  ),
  fc.record({ token: fc.constant(TOKEN), session_id: text, seq: whole }, { requiredKeys: [] }),
  fc.record(
    {
      guild_id: id,
      query: text,
      limit: whole,
      user_ids: fc.oneof(id, fc.array(id, { maxLength: 4 })),
      presences: whole,
      nonce: text,
    },
    { requiredKeys: [] },
  ),
  fc.anything(),
);
const op = fc.oneof(
  fc.constantFrom<unknown>(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 31, 43),
  fc.constantFrom<unknown>(-1, 99, 1.5, 2 ** 60, '2', null, [2]),
);

it('random payloads close their own connection at most, and with a code of Discord', async () => {
  const { connect, moderator } = await startGateway();
  const witness = await connect();
  await witness.identify();

  await fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      fc.array(fc.record({ op, d: data }), { minLength: 1, maxLength: 6 }),
      async (identifies, payloads) => {
        const bot = await connect();
        if (identifies) await bot.identify();
        for (const payload of payloads) bot.sendText(toText(payload));
        bot.send(99);

        const { code } = await bot.closed;

        expect(code).toBeGreaterThanOrEqual(4001);
        expect(code).toBeLessThanOrEqual(4014);
      },
    ),
    { numRuns: 300 },
  );

  moderator.leave(anna);
  await witness.event('GUILD_MEMBER_REMOVE');
});

/** JSON cannot carry everything that `anything` makes. */
function toText(payload: unknown): string {
  try {
    return JSON.stringify(payload, (_key, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    );
  } catch {
    return '{';
  }
}
