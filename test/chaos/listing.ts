import { z } from 'zod';

/** Lists of members that come whole and with status 200, and are not the guild. */
export const LIST_FORMS = [
  'empty',
  'repeats',
  'backwards',
  'skipsOne',
  'skipsHalf',
  'withoutRoles',
  'withoutOneRole',
  'goneRoles',
  'othersRoles',
  'samePage',
] as const;
/** Numbers of holders that lie. */
export const COUNTS_FORMS = ['zero', 'double', 'nothing'] as const;
export type ListForm = (typeof LIST_FORMS)[number];
export type CountsForm = (typeof COUNTS_FORMS)[number];

const Members = z.array(
  z.looseObject({ user: z.looseObject({ id: z.string() }), roles: z.array(z.string()) }),
);
type Members = z.output<typeof Members>;
const Counts = z.record(z.string(), z.number());
type Counts = z.output<typeof Counts>;

interface Answered {
  readonly method: string;
  readonly path: string;
  status: number;
}

/** The next fitting answers are changed on their way to the caller. */
export interface ListingFaults {
  plant(form: ListForm | CountsForm, times: number): void;
  clear(): void;
  /** When a changed list was told: what followed from it need not be what Discord had. */
  readonly loggedAt: readonly number[];
  /** Accounts omitted by a falsified list. */
  readonly omitted: ReadonlySet<string>;
  change(call: Answered, text: string): string;
}

export function createListingFaults(): ListingFaults {
  const lists: ListForm[] = [];
  const counts: CountsForm[] = [];
  const loggedAt: number[] = [];
  const omitted = new Set<string>();
  let first: Members = [];
  return {
    plant(form, times) {
      const again = Array.from({ length: times });
      if (isCounts(form)) counts.push(...again.map(() => form));
      else lists.push(...again.map(() => form));
    },
    clear() {
      lists.length = 0;
      counts.length = 0;
    },
    loggedAt,
    omitted,
    change({ method, path, status }, text) {
      if (method !== 'GET' || status !== 200) return text;
      if (path.endsWith('/roles/member-counts')) {
        const form = counts.shift();
        if (form === undefined) return text;
        return JSON.stringify(COUNTS[form](Counts.parse(JSON.parse(text))));
      }
      if (!/\/guilds\/\d+\/members\?/.test(path)) return text;
      const members = Members.parse(JSON.parse(text));
      const form = lists.shift();
      const told = form === undefined ? members : LISTS[form](members, first);
      if (first.length === 0) first = members;
      if (form === undefined) return text;
      loggedAt.push(Date.now());
      const listed = new Set(told.map(({ user }) => user.id));
      for (const { user } of members) if (!listed.has(user.id)) omitted.add(user.id);
      return JSON.stringify(told);
    },
  };
}

function isCounts(form: ListForm | CountsForm): form is CountsForm {
  return COUNTS_FORMS.some((each) => each === form);
}

/** No guild has it. */
const GONE = '300000000000000666';

type ToList = (members: Members, first: Members) => Members;

const LISTS: Readonly<Record<ListForm, ToList>> = {
  empty: () => [],
  repeats: (members) => [...members, ...members],
  backwards: (members) => members.toReversed(),
  skipsOne: (members) => members.slice(1),
  skipsHalf: (members) => members.filter((_, index) => index % 2 === 1),
  withoutRoles: (members) => members.map((each) => ({ ...each, roles: [] })),
  withoutOneRole: (members) => members.map((each) => ({ ...each, roles: each.roles.slice(1) })),
  goneRoles: (members) => members.map((each) => ({ ...each, roles: [...each.roles, GONE] })),
  othersRoles: (members) =>
    members.map((each, index) => ({
      ...each,
      roles: members[(index + 1) % members.length]?.roles ?? [],
    })),
  // Whatever is asked for, what was told first is told again.
  samePage: (members, first) => (first.length > 0 ? first : members),
};

const COUNTS: Readonly<Record<CountsForm, (counts: Counts) => Counts>> = {
  zero: (counts) => mapCounts(counts, () => 0),
  double: (counts) => mapCounts(counts, (count) => 2 * count),
  nothing: () => ({}),
};

function mapCounts(counts: Counts, to: (count: number) => number): Counts {
  return Object.fromEntries(Object.entries(counts).map(([roleId, count]) => [roleId, to(count)]));
}
