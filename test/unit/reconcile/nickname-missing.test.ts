import { describe, expect, test } from 'vitest';

import type { Attributes } from '../../../services/model.js';
import { desiredNickname } from '../../../services/reconcile/plan/nickname.js';

interface Known extends Attributes {
  readonly username?: string | null;
}

function desired(template: string, known: Known) {
  const { username, ...attributes } = {
    username: 'jane_d',
    character: 'Jane',
    corporation: 'CORP',
    alliance: 'ALLI',
    ...known,
  };
  return desiredNickname({ strategy: 'TEMPLATE', template }, { username, attributes });
}

describe('a nickname policy', () => {
  test.each<[string, Known, string]>([
    ['[%alliance] %character', { character: null }, 'the person has no %character'],
    [
      '%character/%username',
      { character: null, username: '' },
      'the person has no %character or %username',
    ],
    ['[%corporation]', { corporation: null }, 'the person has no %corporation'],
    [
      '%username %character',
      { username: null },
      'the platform has not sent %username for this person',
    ],
  ])('names the missing value of template %j with %j', (template, known, withheld) => {
    expect(desired(template, known)).toEqual({ nickname: null, withheld });
  });

  test('names every value that the platform has not sent', () => {
    const template = '[%alliance] [%corporation] %character';
    const person = { username: 'jane_d', attributes: { character: 'Jane' } };

    expect(desiredNickname({ strategy: 'TEMPLATE', template }, person)).toEqual({
      nickname: null,
      withheld: 'the platform has not sent %alliance and %corporation for this person',
    });
  });

  test('with strategy NONE withholds nothing', () => {
    const nobody = { username: null, attributes: {} };

    expect(desiredNickname({ strategy: 'NONE', template: null }, nobody)).toEqual({
      nickname: null,
      withheld: null,
    });
  });
});
