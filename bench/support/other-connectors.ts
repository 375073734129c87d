/**
 * What an operation costs earlier connectors, read in their source and added up; seconds at their
 * own limits.
 */
export interface OtherCosts {
  readonly krypted: number;
  readonly allianceAuth: number;
  readonly dmv: number;
  readonly seat: number;
  readonly neucore: number;
  readonly minmatar: number;
  /** The fewest that anybody could do with. */
  readonly optimum: number;
}

interface Size {
  /** Linked users, who are all members of the guild, too. */
  readonly members: number;
  readonly drifted: number;
  /** Roles that are wrong, of each of the drifted. */
  readonly rolesEach: number;
}

export function callsOfOthers({ members, drifted, rolesEach }: Size) {
  const wrong = drifted * rolesEach;
  const lists = Math.ceil(members / 1_000);
  const seat = 1 + lists + 1;
  const neucore = Math.floor(members / 500) + 1;
  const nobody = {
    krypted: 0,
    allianceAuth: members,
    dmv: members,
    seat,
    neucore,
    minmatar: members,
    optimum: 1,
  };
  const compared = {
    krypted: members + wrong,
    allianceAuth: members + drifted,
    dmv: members + drifted,
    seat: seat + wrong,
    neucore: neucore + wrong,
    minmatar: members + wrong,
    optimum: lists + drifted,
  };
  return {
    verified: nobody,
    // It compares two tables of its own: what is changed by hand is never seen.
    drifted: { ...compared, krypted: 0 },
    compared,
    named: { ...nobody, krypted: members, optimum: lists },
    event: {
      krypted: 1,
      allianceAuth: 2,
      dmv: 2,
      seat: seat + 1,
      neucore: 0,
      minmatar: 1,
      optimum: 1,
    },
  } satisfies Record<string, OtherCosts>;
}

/**
 * The full comparison of 5,000 with 100 drifted by two roles each. Two write buckets side by side
 * are faster than the one of the optimum.
 */
export const SECONDS_OF_OTHERS: OtherCosts = {
  krypted: 87 * 60,
  allianceAuth: 93 * 60,
  dmv: 18 * 60,
  seat: 7.4 * 60,
  neucore: 5.4 * 60,
  minmatar: 17 * 60,
  optimum: 105,
};
