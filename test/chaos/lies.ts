import { z } from 'zod';

/**
 * Single answers that Discord gives, with nothing to tell them from true ones, and that are not so.
 */
export const LIE_FORMS = [
  'memberWithoutRoles',
  'memberWithoutForeignRoles',
  'memberIsGone',
  'rolesWithoutNewest',
  'rolesWithoutForeign',
  'rolesWithoutMapped',
  'everyoneAlone',
  'editIsEmpty',
  'editIsAnothers',
  'editHasNoRoles',
  'editIsText',
  'forbiddenWithoutCode',
  'notFoundWithCodeZero',
  'badRequestWithCodeZero',
] as const;
export type LieForm = (typeof LIE_FORMS)[number];

export interface ToldLie {
  readonly form: LieForm;
  readonly at: number;
  readonly method: string;
  readonly path: string;
}

interface Call {
  readonly method: string;
  readonly path: string;
}

interface Told {
  readonly status: number;
  readonly text: string;
}

/**
 * The next fitting answers are lies, no two of a kind in a row; `mapped` are the roles that are not
 * foreign.
 */
export interface Lies {
  plant(form: LieForm, mapped: ReadonlySet<string>): void;
  clear(): void;
  readonly told: readonly ToldLie[];
  /** What is answered in place of Discord, which does not hear of the call; null: nothing. */
  refuse(call: Call): Told | null;
  change(call: Call, answer: Told): Told;
}

const Member = z.looseObject({ roles: z.array(z.string()) });
const Roles = z.array(z.looseObject({ id: z.string() }));

interface Planted {
  readonly form: LieForm;
  readonly mapped: ReadonlySet<string>;
}

export function createLies(): Lies {
  const planted: Planted[] = [];
  const told: ToldLie[] = [];

  function next(fits: (form: LieForm) => boolean, call: Call): Planted | null {
    const index = planted.findIndex(({ form }) => fits(form));
    const [lie] = index < 0 ? [] : planted.splice(index, 1);
    if (lie === undefined) return null;
    const { method, path } = call;
    told.push({ form: lie.form, at: Date.now(), method, path });
    return lie;
  }

  return {
    plant(form, mapped) {
      const isAlike = (other: LieForm) =>
        Object.values(OF).some((its) => its.has(form) && its.has(other));
      if (!planted.some((lie) => isAlike(lie.form))) planted.push({ form, mapped });
    },
    clear: () => void (planted.length = 0),
    told,
    refuse(call) {
      const lie = next((form) => form in REFUSALS && isOfAGuild(call), call);
      return lie === null ? null : (REFUSALS[lie.form] ?? null);
    },
    change(call, answer) {
      const kind = kindOf(call);
      const isTrue = answer.status < 200 || answer.status >= 300;
      if (isTrue || kind === null) return answer;
      const lie = next((form) => OF[kind].has(form), call);
      if (lie === null) return answer;
      if (lie.form === 'memberIsGone') return refusal(404, 'Unknown Member', 10_007);
      return { status: answer.status, text: textOf(lie, call, answer.text) };
    },
  };
}

type Kind = 'member' | 'roles' | 'edit';

const OF: Readonly<Record<Kind, ReadonlySet<LieForm>>> = {
  member: new Set(['memberWithoutRoles', 'memberWithoutForeignRoles', 'memberIsGone']),
  roles: new Set([
    'rolesWithoutNewest',
    'rolesWithoutForeign',
    'rolesWithoutMapped',
    'everyoneAlone',
  ]),
  edit: new Set(['editIsEmpty', 'editIsAnothers', 'editHasNoRoles', 'editIsText']),
};

function kindOf({ method, path }: Call): Kind | null {
  if (method === 'GET' && /^\/guilds\/\d+\/roles$/.test(path)) return 'roles';
  if (!/^\/guilds\/\d+\/members\/\d+$/.test(path)) return null;
  if (method === 'GET') return 'member';
  return method === 'PATCH' ? 'edit' : null;
}

const isOfAGuild = ({ path }: Call): boolean => path.startsWith('/guilds/');

const refusal = (status: number, message: string, code?: number): Told => ({
  status,
  text: JSON.stringify({ message, ...(code !== undefined && { code }) }),
});

/** Of Discord's undocumented moments: they say nothing of the member or the role. */
const REFUSALS: Readonly<Partial<Record<LieForm, Told>>> = {
  forbiddenWithoutCode: refusal(403, '403: Forbidden'),
  notFoundWithCodeZero: refusal(404, '404: Not Found', 0),
  badRequestWithCodeZero: refusal(400, '400: Bad Request', 0),
};

function textOf({ form, mapped }: Planted, { path }: Call, text: string) {
  const said: unknown = JSON.parse(text);
  const [, guildId] = /^\/guilds\/(\d+)/.exec(path) ?? [];
  const member = (keep: (roleId: string) => boolean) => {
    const its = Member.parse(said);
    return { ...its, roles: its.roles.filter(keep) };
  };
  // The guild's own id is the role of everyone.
  const roles = (keep: (id: string, ids: readonly string[]) => boolean) => {
    const all = Roles.parse(said);
    const ids = all.map(({ id }) => id);
    return all.filter(({ id }) => id === guildId || keep(id, ids));
  };
  const told: Readonly<Partial<Record<LieForm, () => unknown>>> = {
    memberWithoutRoles: () => member(() => false),
    memberWithoutForeignRoles: () => member((id) => mapped.has(id)),
    rolesWithoutNewest: () => roles((id, ids) => ids.some((each) => isNewer(each, id))),
    rolesWithoutForeign: () => roles((id) => mapped.has(id)),
    rolesWithoutMapped: () => roles((id) => !mapped.has(id)),
    everyoneAlone: () => roles(() => false),
    editIsEmpty: () => ({}),
    editIsAnothers: () => ({ ...member(() => false), user: STRANGER }),
    editHasNoRoles: () => member(() => false),
    editIsText: () => 'ok',
  };
  return JSON.stringify(told[form]?.() ?? said);
}

const isNewer = (a: string, b: string): boolean => BigInt(a) > BigInt(b);

const STRANGER = { id: '200000000000000666', username: 'stranger' };
