import { describe, expect, test } from 'vitest';

import { NO_NICKNAME } from '../../../services/model.js';
import { DIRECTOR, FOREIGN, PILOT } from '../../builders/member-facts.js';
import { MEMBER } from '../discord/gateway-setup.js';
import { done, limits, member, useApply } from './apply-setup.js';

const { setUp, script, sent, after } = useApply();

/** Discord's response for a member who rejoined and has not accepted the rules yet. */
const pending = (roles: readonly string[]) => {
  const { body } = member(roles);
  return { body: { ...body, pending: true } };
};

/** Spends the single role calls, so that the next role change reads the member for a list. */
async function withoutSingles() {
  const stage = setUp();
  script({ ...done, ...limits('roles', 0) });
  await stage.run({ remove: [DIRECTOR] });
  return stage;
}

describe('a member found to be pending in the middle of a run', () => {
  test('is granted neither the role nor the nickname', async () => {
    const { run } = await withoutSingles();
    script(pending([FOREIGN]));

    const applied = await run({ add: [PILOT], nickname: 'Ada' });

    expect(after(1)).toEqual([`GET ${MEMBER}`]);
    expect(applied).toMatchObject({
      added: [],
      nickname: 'UNTOUCHED',
      refused: [],
      interruption: null,
      observed: { isPresent: true, isPending: true },
    });
  });

  test('loses roles one by one instead of by a list, and the nickname is reset', async () => {
    const { run, pass } = await withoutSingles();
    script(pending([FOREIGN, DIRECTOR]));
    const first = await run({ add: [PILOT], remove: [DIRECTOR] });
    expect(first.interruption).toMatchObject({ name: 'WritesSpentError' });
    expect(after(1)).toEqual([`GET ${MEMBER}`]);
    pass(10_000);
    script(done, pending([FOREIGN]));

    const applied = await run({
      remove: [DIRECTOR],
      nickname: NO_NICKNAME,
      wholeListWrites: false,
    });

    expect(after(2)).toEqual([`DELETE ${DIRECTOR}`, 'PATCH {"nick":null}']);
    expect(applied).toMatchObject({ removed: [DIRECTOR] });
  });

  test('is granted the role if the client ignores screening', async () => {
    const { run } = await withoutSingles();
    script(pending([FOREIGN, DIRECTOR]), pending([FOREIGN, DIRECTOR, PILOT]));

    const applied = await run({ add: [PILOT], waitsForScreening: false });

    expect(sent()).toHaveLength(3);
    expect(applied).toMatchObject({ added: [PILOT] });
  });
});
