import { describe, expect, test } from 'vitest';

import type { Attributes } from '../../../services/model.js';
import {
  desiredNickname as desire,
  isSameNickname,
  templateFaults,
} from '../../../services/reconcile/plan/nickname.js';

interface Known extends Attributes {
  readonly username?: string | null;
}

const JANE = {
  username: 'jane_d',
  character: 'Jane',
  corporation: 'CORP',
  alliance: 'ALLI',
};

function desiredNickname(...given: Parameters<typeof desire>): string | null {
  return desire(...given).nickname;
}

function rendered(template: string, known: Known = {}): string | null {
  const { username, ...attributes } = { ...JANE, ...known };
  return desiredNickname({ strategy: 'TEMPLATE', template }, { username, attributes });
}

const none = { corporation: null, alliance: null };
const FAMILY = '👨‍👩‍👧‍👦';
const LONG = 'Maximiliane von und zu Hohenfels';
const ZALGO = `Z${'\u0308\u0323'.repeat(30)}`;

describe('the strategy', () => {
  const attributes = { character: ' Jane\tDoe ' };
  const person = { username: 'jane_d', attributes };

  test('NONE gives no nickname', () => {
    const policy = { strategy: 'NONE', template: '%character' } as const;

    expect(desiredNickname(policy, person)).toBeNull();
  });

  test('EVE_ONLINE gives the primary character’s name, whatever the template', () => {
    const policy = { strategy: 'EVE_ONLINE', template: '%username' } as const;

    expect(desiredNickname(policy, person)).toBe('Jane Doe');
    expect(desiredNickname(policy, { ...person, username: null })).toBe('Jane Doe');
  });

  test('keeps a # and the text after it', () => {
    expect(rendered('%username | %character', { username: 'jane#1234' })).toBe('jane#1234 | Jane');
  });

  test.each([{}, { character: null }, { character: '' }, { character: ' \n' }])(
    'EVE_ONLINE sets no nickname for a person with attributes %j',
    (unfit) => {
      const policy = { strategy: 'EVE_ONLINE', template: null } as const;

      expect(desiredNickname(policy, { username: 'jane_d', attributes: unfit })).toBeNull();
    },
  );

  test('TEMPLATE without a template gives no nickname', () => {
    const policy = { strategy: 'TEMPLATE', template: null } as const;

    expect(desiredNickname(policy, person)).toBeNull();
  });
});

describe('a template', () => {
  test.each<[string, Known, string]>([
    ['%username', {}, 'jane_d'],
    ['[%corporation] %character', {}, '[CORP] Jane'],
    ['%alliance | %corporation | %character', {}, 'ALLI | CORP | Jane'],
    ['  Pilot   %character ', {}, 'Pilot Jane'],
    ['- %character -', {}, '- Jane -'],
    ['100%% %character %', {}, '100% Jane %'],
    ['%%character %character', {}, '%character Jane'],
    ['%characters', {}, 'Janes'],
    ['%Character %rank %character', {}, '%Character %rank Jane'],
    ['%character :) [', {}, 'Jane :) ['],
    ['([%corporation) %character', {}, '([CORP) Jane'],
    ['%char\u200Bacter', {}, 'Jane'],
  ])('%j with %j becomes %j', (template, known, nickname) => {
    expect(rendered(template, known)).toBe(nickname);
  });

  test.each<[string, Known, string]>([
    ['[%corporation] %character', none, 'Jane'],
    ['[%corporation] %character', { corporation: '' }, 'Jane'],
    ['[%corporation] %character', { corporation: ' \u200B\n' }, 'Jane'],
    ['%character (%corporation)', none, 'Jane'],
    ['{%alliance} <%corporation> %character', none, 'Jane'],
    ['[ %corporation ] %character', none, 'Jane'],
    ['[%corporation (x] %character', none, 'Jane'],
    ['[%corporation / %alliance] %character', none, 'Jane'],
    ['[%corporation / %alliance] %character', { alliance: '' }, '[CORP] Jane'],
    ['[%corporation (%alliance)] %character', { alliance: '' }, '[CORP] Jane'],
    ['%character (of %alliance)', none, 'Jane'],
    ['[EU] %character', none, '[EU] Jane'],
    ['[EU] [%corporation] %character', none, '[EU] Jane'],
    ['%corporation - %character', none, 'Jane'],
    ['%character | %corporation', none, 'Jane'],
    ['%character/%corporation/%alliance', none, 'Jane'],
    ['%alliance - %corporation - %character', none, 'Jane'],
    ['%alliance - %corporation - %character', { alliance: '' }, 'CORP - Jane'],
    ['%alliance - %corporation | %character', { corporation: '' }, 'ALLI - Jane'],
    ['%alliance %corporation %character', { corporation: '' }, 'ALLI Jane'],
    ['%alliance %corporation | %character', { corporation: '' }, 'ALLI | Jane'],
    ['A > %corporation > %character', none, 'A > Jane'],
    ['A < %corporation < %character', none, 'A < Jane'],
    ['A - %character [%corporation] - B', none, 'A - Jane - B'],
    ['A-B %corporation %character', none, 'A-B Jane'],
    ['[%corporation / %alliance]', { alliance: '' }, '[CORP]'],
  ])('%j with %j leaves no gap for a missing value: %j', (template, known, nickname) => {
    expect(rendered(template, known)).toBe(nickname);
  });

  test.each<[string, Known]>([
    ['[%corporation] %character', { ...none, character: '' }],
    ['[%corporation] %character', { character: null }],
    ['[%alliance] [%corporation] %character', { character: ' ' }],
    ['[%corporation] %character/%username', { character: '', username: '' }],
    ['Pilot %character', { character: null }],
    ['%username', { username: ' ' }],
    ['Pilot', {}],
    ['', {}],
  ])('%j with %j gives no nickname, because it would not name the person', (template, known) => {
    expect(rendered(template, known)).toBeNull();
  });

  test.each(['character', 'corporation', 'alliance'] as const)(
    'gives no nickname if the template needs a %s that was never sent',
    (missing) => {
      const { username, [missing]: _, ...attributes } = JANE;
      const person = { username, attributes };
      const template = `%username [%${missing}]`;

      expect(desiredNickname({ strategy: 'TEMPLATE', template }, person)).toBeNull();
      expect(desiredNickname({ strategy: 'TEMPLATE', template: '%username' }, person)).toBe(
        'jane_d',
      );
    },
  );

  test('gives no nickname if the template needs a username that was never sent', () => {
    expect(rendered('%username %character', { username: null })).toBeNull();
    expect(rendered('%character', { username: null })).toBe('Jane');
  });
});

describe('a value', () => {
  test.each<[string, string]>([
    ['%alliance', '%alliance'],
    ['%%', '%%'],
    ['[x] (', '[x] ('],
    ['- Jane -', '- Jane -'],
    ['  Jane \t Doe\r\n', 'Jane Doe'],
    ['Jane\u0085Doe\u2800\u3000II', 'Jane Doe II'],
    ['Ja\u0000ne\u001B', 'Jane'],
    ['Ja\u200Bne\uFEFF\u2060\u00AD', 'Jane'],
    ['\u202Eenaj\u2066x\u2069\u200F', 'enajx'],
    ['Jane\u200D \uFE0FDoe\u200D', 'Jane Doe'],
    ['J\uD83Dane\uDE00', 'Jane'],
    ['\uD83D\u200B\uDE00Jane', 'Jane'],
    ['\u0301Jane', 'Jane'],
    ['Ja\uFE0Fne', 'Jane'],
    ['a\uFE0F\u200D😀', 'a😀'],
    ['Ja\u{E0041}ne', 'Jane'],
    ['Ja\uFFFF\u{1FFFE}ne', 'Jane'],
    ['e\u200B\u0301', '\u00E9'],
    [`${FAMILY}❤️1️⃣`, `${FAMILY}❤️1️⃣`],
    ['🏴󠁧󠁢󠁥󠁮󠁧󠁿', '🏴󠁧󠁢󠁥󠁮󠁧󠁿'],
    ['ශ්‍රී', 'ශ්‍රී'],
  ])('%j is shown as %j', (character, shown) => {
    expect(rendered('%corporation%character', { character, ...none })).toBe(shown);
  });
});

describe('a value that is too long', () => {
  const FULL = '{%alliance} [%corporation] %character';

  test.each<[string, string, Known, string]>([
    ['stays at 32 units', '%character', { character: LONG }, LONG],
    [
      'loses the alliance first',
      FULL,
      { character: LONG.slice(0, 25) },
      '[CORP] Maximiliane von und zu Ho',
    ],
    [
      'loses the corporation next',
      FULL,
      { character: LONG.slice(0, 26) },
      'Maximiliane von und zu Hoh',
    ],
    ['loses a long alliance only', FULL, { alliance: LONG }, '[CORP] Jane'],
    [
      'loses separators likewise',
      '%character | %corporation | %alliance',
      { alliance: LONG },
      'Jane | CORP',
    ],
    ['loses the end of the name next', FULL, { character: `${LONG}er` }, LONG],
    [
      'keeps the free text',
      '★ %character ★',
      { character: LONG },
      '★ Maximiliane von und zu Hohen ★',
    ],
    [
      'has no blank at the cut',
      '(%character) xyz',
      { character: LONG },
      '(Maximiliane von und zu Hoh) xyz',
    ],
    [
      'has no blank before a bracket',
      '(%character)',
      { character: `${'a'.repeat(29)} b` },
      `(${'a'.repeat(29)})`,
    ],
    [
      'cuts the longer name',
      '%character/%username',
      { username: 'u'.repeat(40) },
      `Jane/${'u'.repeat(27)}`,
    ],
    [
      'cuts both names down to one length',
      '%character/%username',
      { character: 'c'.repeat(40), username: 'u'.repeat(40) },
      `${'c'.repeat(16)}/${'u'.repeat(15)}`,
    ],
    [
      'drops the username before the free text',
      `${'x'.repeat(30)} %character %username`,
      {},
      `${'x'.repeat(30)} J`,
    ],
    ['drops the free text before the name', 'x'.repeat(32) + '%character', {}, 'Jane'],
    [
      'drops the free text before half an emoji',
      'x'.repeat(25) + '%character',
      { character: FAMILY },
      FAMILY,
    ],
    ['keeps whole emoji', '%character', { character: FAMILY.repeat(5) }, FAMILY.repeat(2)],
    [
      'keeps whole pairs',
      '%character',
      { character: `a${'😀'.repeat(20)}` },
      `a${'😀'.repeat(15)}`,
    ],
    [
      'keeps an accent with its letter',
      '%character',
      { character: 'x\u0323\u0302'.repeat(20) },
      'x\u0323\u0302'.repeat(10),
    ],
    [
      'cuts a corporation without other parts',
      '[%corporation]',
      { corporation: LONG },
      `[${LONG.slice(0, 30)}]`,
    ],
    ['keeps a corporation over an alliance', '%alliance %corporation', { corporation: LONG }, LONG],
    [
      'repeats what it cuts',
      '%character %character',
      { character: LONG },
      'Maximiliane von Maximiliane von',
    ],
  ])('%s', (_, template, known, nickname) => {
    expect(rendered(template, known)).toBe(nickname);
  });

  test('is cut within a single grapheme of more than 32 units', () => {
    const nickname = rendered('[%corporation] %character', {
      character: ZALGO,
    });

    expect(nickname).toHaveLength(32);
    expect(ZALGO.normalize('NFC').startsWith(nickname ?? '?')).toBe(true);
  });
});

describe('the desired nickname', () => {
  test.each<[string, string]>([
    ['Jane Doe', '  Jane \t Doe '],
    ['Jane', 'Ja\u200Bne\u200E'],
    ['Jos\u00E9', 'Jose\u0301'],
    [FAMILY, FAMILY.replaceAll('\u200D', '')],
    ['❤️', '❤'],
  ])('%j equals the shown name %j', (wanted, shown) => {
    expect(isSameNickname(wanted, shown)).toBe(true);
    expect(isSameNickname(shown, wanted)).toBe(true);
  });

  test.each<[string, string | null]>([
    ['Jane', null],
    ['Jane', ''],
    ['Jane', 'jane'],
    ['Jane Doe', 'JaneDoe'],
    ['Jane', 'Jane#1234'],
    ['José', 'Jose'],
    ['Jane', 'Jаne'],
  ])('%j differs from the shown name %j', (wanted, shown) => {
    expect(isSameNickname(wanted, shown)).toBe(false);
  });
});

describe('the faults of a template', () => {
  test.each([
    '%username',
    '[%corporation] %character',
    '100%% %character 5 %',
    '([%corporation) %character',
    `%character (${'x'.repeat(60)} %alliance)`,
    `${'x'.repeat(31)}%character`,
    `%character${' '.repeat(190)}`,
  ])('are empty for %j', (template) => {
    expect(templateFaults(template)).toEqual([]);
  });

  test.each<[string, readonly RegExp[]]>([
    ['', [/^the template is empty$/]],
    [' \u200B\n', [/^the template is empty$/]],
    ['Pilot', [/no variable; use at least one of %username, %character/]],
    ['%%character', [/no variable/]],
    ['%rank %Character %rank %character', [/^%rank is no/, /^%Character is/]],
    ['%имя', [/^%имя is not a variable/, /the template has no variable/]],
    [`${'x'.repeat(32)}%character`, [/around %character .* 33 UTF-16 units/]],
    [`[${'x'.repeat(30)}%corporation]`, [/around %corporation .* 33 UTF-16 units/]],
    [`%character${' '.repeat(191)}`, [/at most 200 characters; it has 201/]],
  ])('are listed for %j', (template, faults) => {
    expect(templateFaults(template)).toEqual(faults.map((fault) => expect.stringMatching(fault)));
  });
});
