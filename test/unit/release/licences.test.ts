import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { dependenciesOf, faultsOf, listOf, type Dependency } from '../../../release/licences.js';

const root = new URL('../../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');

const aDependency = (own: Partial<Dependency>): Dependency => ({
  name: 'left-pad',
  version: '1.3.0',
  licence: 'MIT',
  isTool: false,
  hasInstallScript: false,
  ...own,
});

describe('the licences of dependencies', () => {
  test.each([
    ['GPL-3.0-only', false, 1],
    ['MIT', false, 0],
    ['(MIT AND BSD-3-Clause)', false, 0],
    ['(MIT AND GPL-2.0-only)', false, 1],
    ['(GPL-2.0-only OR Apache-2.0)', false, 0],
    ['MPL-2.0', false, 1],
    ['MPL-2.0', true, 0],
    ['AGPL-3.0-only', true, 1],
    [null, true, 1],
  ])('are checked: %s (development tool: %s) has %i faults', (licence, isTool, faults) => {
    expect(faultsOf([aDependency({ licence, isTool })])).toHaveLength(faults);
  });

  test('are listed once per package, which counts as shipped if any copy is', () => {
    const lock = {
      packages: {
        '': { name: 'own', version: '1.0.0', license: 'MIT' },
        'packages/part': { name: 'part', version: '1.0.0', license: 'MIT' },
        'node_modules/part': { link: true },
        'node_modules/a': { version: '1.0.0', license: 'MIT', dev: true },
        'node_modules/b/node_modules/a': { version: '1.0.0', license: 'MIT' },
        'node_modules/c/node_modules/a': {
          version: '1.0.0',
          license: 'MIT',
          dev: true,
        },
        'node_modules/@s/t': { version: '2.0.0', license: 'ISC', dev: true },
      },
    };

    const found = dependenciesOf(JSON.stringify(lock));

    expect(found).toEqual([
      aDependency({
        name: '@s/t',
        version: '2.0.0',
        licence: 'ISC',
        isTool: true,
      }),
      aDependency({ name: 'a', version: '1.0.0' }),
    ]);
    expect(listOf(found)).toContain('- a 1.0.0: MIT\n');
    expect(listOf(found)).not.toContain('@s/t');
  });

  test('are all allowed, and release/licences.md is up to date', () => {
    const dependencies = dependenciesOf(read('package-lock.json'));

    expect(faultsOf(dependencies)).toEqual([]);
    expect(read('release/licences.md')).toBe(listOf(dependencies));
  });
});

describe('the install scripts of packages', () => {
  test('are each allowed or refused by name', () => {
    const named = JSON.parse(read('package.json')).allowScripts;
    const wanting = dependenciesOf(read('package-lock.json')).filter(
      ({ hasInstallScript }) => hasInstallScript,
    );

    expect(wanting.map(({ name }) => name)).toEqual(Object.keys(named).toSorted());
  });
});
