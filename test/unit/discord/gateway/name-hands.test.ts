import { describe, expect, test } from 'vitest';

import { createNameHands } from '../../../../services/discord/gateway/name-hands.js';
import type { HandEntry, LiveMemory } from '../../../../services/discord/gateway/ports.js';
import type { AccountReading } from '../../../../services/discord/rest/bot-readings.js';
import { UnavailableError } from '../../../../services/lib/errors.js';
import { silentLogger } from '../../../../services/lib/logger.js';
import { eventually } from '../../../support/eventually.js';

const GUILD = { clientId: 'client', guildId: '100', revision: '1' };
const ALICE: AccountReading = { username: 'alice', displayName: 'Alice', isBot: false };
const entry = (entryId: string, byDiscordUserId: string | null = '9'): HandEntry => ({
  kind: 'handEntry',
  entryId,
  discordUserId: '1',
  byDiscordUserId,
  added: ['a'],
  removed: [],
});

function aNamer(readAccount: (id: string) => Promise<AccountReading | null>) {
  const noted: Parameters<LiveMemory['noteHands']>[1][number][] = [];
  const nameHands = createNameHands({
    memory: {
      noteHands: (_clientId, hands) => {
        noted.push(...hands);
        return Promise.resolve();
      },
    },
    readAccount: async (_guild, id) => readAccount(id),
    logger: silentLogger,
  });
  const names = () => noted.map(({ entryId, by }) => [entryId, by?.name ?? null]);
  return { noted, names, nameHands };
}

describe('who changed a role', () => {
  test('is recorded by id at once, and by name when Discord has answered', async () => {
    const { noted, nameHands } = aNamer(async () => Promise.resolve(ALICE));

    await nameHands(GUILD, [entry('1')]);

    expect(noted.map(({ by }) => by)).toEqual([{ discordUserId: '9', name: null, isBot: null }]);
    await eventually(() => Promise.resolve(noted.length === 2));
    expect(noted[1]).toMatchObject({ entryId: '1', by: { name: 'Alice', isBot: false } });
  });

  test('is read once, however many changes come', async () => {
    let readings = 0;
    const { names, noted, nameHands } = aNamer(async () => {
      readings += 1;
      return Promise.resolve(ALICE);
    });
    await Promise.all([nameHands(GUILD, [entry('1')]), nameHands(GUILD, [entry('2')])]);
    await eventually(() => Promise.resolve(noted.length === 4));

    await nameHands(GUILD, [entry('3')]);

    expect(readings).toBe(1);
    expect(names().slice(2)).toEqual([
      ['1', 'Alice'],
      ['2', 'Alice'],
      ['3', 'Alice'],
    ]);
  });

  test('stays an id if Discord does not know the account or does not answer', async () => {
    const { names, nameHands } = aNamer(async (id) => {
      if (id === '9') return Promise.resolve(null);
      throw new UnavailableError('Discord is away');
    });

    await nameHands(GUILD, [entry('1'), entry('2', '8'), entry('3', null)]);

    await eventually(() => Promise.resolve(names().length === 4));
    expect(names()).toEqual([
      ['1', null],
      ['2', null],
      ['3', null],
      ['1', null],
    ]);
  });

  test('is asked again after Discord did not answer', async () => {
    let isAway = true;
    const { names, nameHands } = aNamer(async () => {
      if (isAway) throw new UnavailableError('Discord is away');
      return Promise.resolve(ALICE);
    });
    await nameHands(GUILD, [entry('1')]);
    isAway = false;
    await eventually(async () => {
      await nameHands(GUILD, [entry('2')]);
      return names().some(([, name]) => name === 'Alice');
    });

    expect(names().at(-1)).toEqual(['2', 'Alice']);
  });
});
