import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { expect, test } from 'vitest';

import { identifyProcess } from '../../../services/lib/process-identity.js';

const identity = identifyProcess();
const [place = ''] = identity.id.split('.');

test.runIf(place !== 'elsewhere')(
  'a process that has ended is gone, and a running one is not',
  async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    await once(child, 'spawn');
    const childId = `${place}.${child.pid}.x`;
    expect(identity.isGone(childId)).toBe(false);

    child.kill('SIGKILL');
    await once(child, 'exit');

    expect(identity.isGone(childId)).toBe(true);
  },
);

test.runIf(place !== 'elsewhere')('an earlier process with our pid is gone, we are not', () => {
  expect(identity.isGone(`${place}.${process.pid}.x`)).toBe(true);
  expect(identity.isGone(identity.id)).toBe(false);
});

test.each(['another-place.1.x', 'test-1234', '', 'elsewhere.1.x'])(
  'an unknown process identity %s is not reported as gone',
  (id) => {
    expect(identity.isGone(id)).toBe(false);
  },
);
