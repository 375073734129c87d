import { describe, expect, test } from 'vitest';

import { findLeaks, makeSecrets } from './service/secrets.js';

const { botToken } = makeSecrets();
const planted = [{ name: "the bot's token", value: botToken }];

describe('the search for secrets', () => {
  test.each([
    ['as it is', `{"authorization":"Bot ${botToken}"}`],
    ['within an address', `?token=${encodeURIComponent(botToken)}`],
    ['as bytes of a table', `(\\x${Buffer.from(botToken).toString('hex')})`],
    ['within what is encoded together', Buffer.from(`Bot ${botToken}!`).toString('base64')],
  ])('finds a secret that appears %s', (_how, text) => {
    expect(findLeaks(planted, [{ where: 'a log', text }])).toEqual([
      "the bot's token stands in a log",
    ]);
  });

  test('reports each place once, and no place without a secret', () => {
    const outputs = [
      { where: 'a log', text: botToken },
      { where: 'a log', text: botToken },
      { where: 'a table', text: 'client_id,bot_token' },
    ];

    expect(findLeaks(planted, outputs)).toHaveLength(1);
  });
});
