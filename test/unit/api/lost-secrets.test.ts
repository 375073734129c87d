import { describe, expect, test } from 'vitest';

import { storedHealth } from '../../../services/api/clients/client-health.js';
import { aClient } from '../../builders/api-views.js';

const NOW = new Date('2026-11-23T00:00:00Z');

const found = (given: Parameters<typeof aClient>[0], name: string) =>
  storedHealth(aClient(given), NOW).find((check) => check.name === name);

describe('the health of a client', () => {
  test('names each unreadable secret, its encryption key and the remedy', () => {
    const lostSecrets = [
      { name: 'botToken', keyId: 'k1' },
      { name: 'clientSecret', keyId: 'k2' },
    ] as const;

    expect(found({ lostSecrets }, 'stored bot token')).toEqual({
      name: 'stored bot token',
      result: 'FAILED',
      message: expect.stringMatching(/"k1".*nothing is sent to Discord/),
      remedy: expect.stringMatching(/botToken .*updateDiscordClient.*ENCRYPTION_KEYS/),
    });
    expect(found({ lostSecrets }, 'stored client secret')).toMatchObject({
      result: 'FAILED',
      message: expect.stringMatching(/"k2".*sign/),
    });
  });

  test('does not mention readable secrets', () => {
    expect(found({}, 'stored bot token')).toBeUndefined();
    expect(found({}, 'stored client secret')).toBeUndefined();
  });
});
