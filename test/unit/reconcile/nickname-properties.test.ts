import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { Attributes } from '../../../services/model.js';
import {
  desiredNickname,
  isSameNickname,
  templateFaults,
} from '../../../services/reconcile/plan/nickname.js';
import { normaliseNick } from '../../../packages/sandbox-discord/src/nickname.js';

interface Known extends Attributes {
  readonly username?: string | null;
}

const JANE = {
  username: 'jane_d',
  character: 'Jane',
  corporation: 'CORP',
  alliance: 'ALLI',
};

function rendered(template: string, known: Known = {}): string | null {
  const { username, ...attributes } = { ...JANE, ...known };
  return desiredNickname({ strategy: 'TEMPLATE', template }, { username, attributes }).nickname;
}

const FAMILY = '👨‍👩‍👧‍👦';
const ZALGO = `Z${'\u0308\u0323'.repeat(30)}`;

const TROUBLESOME = [
  ['\u200D', '\uFE0F', '\u0301', '\u0344', '\u0958', '\u{1D15E}', '\u200B'],
  ['\uD83D', '\uDE00', '\u202E', '\u3164', '\u2800', '\u0085', '\u2028'],
  ['👨', '🏽', '🏴', '\u{E0067}', '\u{E007F}', '🇩', FAMILY, '❤️', ZALGO],
  ['\u0DC1', '\u0DCA', '\u0DD9', '\u1100', '\u1161', '\u0600', '\uFFFF'],
].flat();
const SYNTAX = [
  ['%username', '%character', '%corporation', '%alliance', '%%', '%', '%no'],
  ['[', ']', '(', ')', '<', '>', ' - ', '/', ' ', '|', '  ', 'x'],
].flat();
const troublesome = fc.constantFrom(...TROUBLESOME);
const syntax = fc.constantFrom(...SYNTAX);
const anyTemplate = fc.array(syntax).map((pieces) => pieces.join(''));
const anyText = fc
  .array(fc.oneof(troublesome, syntax, fc.string({ unit: 'binary' })))
  .map((pieces) => pieces.join(''));
const anyValue = fc.option(anyText, { freq: 5 });
const anyKnown: fc.Arbitrary<Known> = fc.record(
  {
    username: anyValue,
    character: anyValue,
    corporation: anyValue,
    alliance: anyValue,
  },
  { requiredKeys: [] },
);
const manyRuns = { numRuns: 500 };

/** Checks the nicknames of any template and person, and discards runs without a nickname. */
function checkNicknames(check: (nickname: string) => void): void {
  const property = fc.property(anyText, anyKnown, (template, known) => {
    const nickname = rendered(template, known);
    fc.pre(nickname !== null);
    check(nickname ?? '');
  });
  fc.assert(property, manyRuns);
}

describe('any rendered nickname', () => {
  test('is valid at Discord, and unchanged by its normalization', () => {
    checkNicknames((nickname) => {
      expect(nickname.length).toBeGreaterThanOrEqual(1);
      expect(nickname.length).toBeLessThanOrEqual(32);
      expect(nickname.isWellFormed()).toBe(true);
      expect(nickname.normalize('NFC')).toBe(nickname);
      expect(normaliseNick(nickname)).toBe(nickname);
    });
  });

  test('counts as the same after Discord drops invisible characters or decomposes it', () => {
    checkNicknames((nickname) => {
      const kept = nickname.replaceAll(/\p{Default_Ignorable_Code_Point}/gu, '');

      expect(isSameNickname(nickname, nickname)).toBe(true);
      expect(isSameNickname(nickname, kept.trim())).toBe(true);
      expect(isSameNickname(nickname, nickname.normalize('NFD'))).toBe(true);
    });
  });

  test('renders as itself when it is the character name', () => {
    checkNicknames((nickname) => {
      expect(rendered('%character', { character: nickname })).toBe(nickname);
    });
  });

  test('exists and contains the name if the template has no faults and the person has a name', () => {
    const property = fc.property(anyTemplate, anyKnown, (template, known) => {
      fc.pre(/(?<!%)%character/.test(template));
      fc.pre(templateFaults(template).length === 0);
      const username = known.username ?? 'jane_d';
      const person = { ...known, username, character: 'J' };

      expect(rendered(template, person)).toContain('J');
    });
    fc.assert(property, manyRuns);
  });

  test('contains all of the fixed text and as much of the name as fits', () => {
    const letters = fc.string({
      unit: fc.constantFrom('a', 'b', 'Y'),
      maxLength: 31,
    });
    const names = fc.string({
      unit: fc.constantFrom('d', 'e', 'V'),
      minLength: 1,
    });
    const property = fc.property(letters, names, (text, character) => {
      expect(rendered(`${text}%character`, { character })).toBe(`${text}${character}`.slice(0, 32));
    });
    fc.assert(property, manyRuns);
  });

  test('never splits a grapheme', () => {
    const emoji = [FAMILY, '❤️', '😀', '🇩🇪', '👍🏽', '1️⃣', 'q\u0323\u0302', 'J'];
    const names = fc.array(fc.constantFrom(...emoji), { minLength: 1 });
    const property = fc.property(names, (graphemes) => {
      const nickname = rendered('[%corporation] %character', {
        character: graphemes.join(''),
      });
      const name = nickname?.replace('[CORP] ', '') ?? '';
      const starts = graphemes.map((_, index) => graphemes.slice(0, index + 1).join(''));

      expect(starts).toContain(name);
    });
    fc.assert(property, manyRuns);
  });
});
