import { describe, expect, test } from 'vitest';

import { createTrySecrets } from '../../../services/connector/try-secrets.js';
import { InputError, TerminalError, UnavailableError } from '../../../services/lib/errors.js';
import { aClient } from '../../builders/api-views.js';

const place = aClient({ applicationId: '200000000000000001' });

function world(given: { readonly token?: () => string; readonly secret?: () => void }) {
  const asked: string[] = [];
  let stopped = 0;
  const trySecrets = createTrySecrets({
    openGateway: ({ botToken, apiBase }) => ({
      async readApplication() {
        asked.push(`${apiBase} ${botToken}`);
        return {
          applicationId: given.token?.() ?? place.applicationId,
          name: 'bot',
          flags: 0,
          hasMembersIntent: true,
          redirectUris: null,
          botUserId: null,
        };
      },
      async stop() {
        stopped += 1;
      },
    }),
    oauth: {
      async revoke({ clientSecret, revokeUrl }) {
        asked.push(`${revokeUrl} ${clientSecret}`);
        given.secret?.();
      },
    },
  });
  return { trySecrets, asked: () => asked, stopped: () => stopped };
}

const failing = (error: Error) => () => {
  throw error;
};

const refused = new TerminalError('UNAUTHORIZED', 'the token is refused');
const wrongSecret = new TerminalError('INVALID_CLIENT', 'not the secret');
const silent = new UnavailableError('no answer');

describe('new secrets', () => {
  test('that are correct are tried once each, and accepted', async () => {
    const { trySecrets, asked, stopped } = world({});

    await trySecrets(place, { botToken: 'new', clientSecret: 'newer' });

    expect(asked()).toEqual([
      `${place.endpoints.apiBase} new`,
      `${place.endpoints.revokeUrl} newer`,
    ]);
    expect(stopped()).toBe(1);
  });

  test('are not tried if the input has none', async () => {
    const { trySecrets, asked } = world({});

    await trySecrets(place, {});

    expect(asked()).toEqual([]);
  });

  test.each([
    ['token that Discord refuses', { token: failing(refused) }, 'input.botToken'],
    ['token of another application', { token: () => '999' }, 'input.botToken'],
    ['secret that Discord refuses', { secret: failing(wrongSecret) }, 'input.clientSecret'],
  ])('are refused before anything is replaced: a %s', async (_, given, field) => {
    const { trySecrets } = world(given);

    const trial = trySecrets(place, { botToken: 'b', clientSecret: 'c' });

    await expect(trial).rejects.toBeInstanceOf(InputError);
    await expect(trial).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      field,
      message: expect.stringContaining('Nothing was changed'),
    });
  });

  test('are accepted if Discord does not respond', async () => {
    const { trySecrets, stopped } = world({
      token: failing(silent),
      secret: failing(silent),
    });

    await trySecrets(place, { botToken: 'b', clientSecret: 'c' });

    expect(stopped()).toBe(1);
  });
});
