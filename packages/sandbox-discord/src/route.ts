import type { ApiCall, Decision, OpenCall } from './api-call.js';
import { invalidForm, methodNotAllowed, notFound } from './refusal.js';
import { notASnowflake } from './form.js';
import type { SandboxLimits } from './sandbox-interface.js';
import { isSnowflake } from './snowflake.js';

/** One operation of the API. `template` is written as in Discord's documentation. */
export type Route = TokenRoute | OpenRoute;

/** Needs a token, of a bot or a person. */
export type TokenRoute = Operation & {
  readonly isOpen?: false;
  readonly decide: (call: ApiCall) => Decision;
};

/** Needs no token, but a token that is sent must be valid. */
export type OpenRoute = Operation & {
  readonly isOpen: true;
  readonly decide: (call: OpenCall) => Decision;
};

type Operation = {
  readonly method: string;
  readonly template: string;
  /** The default is `others`, which gives this route a bucket of its own. */
  readonly limit?: keyof SandboxLimits;
};

export type Match = {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
};

/** Finds the route for a path below the version, e.g. `/guilds/1/members`. Earlier routes win. */
export function matchRoute(
  routes: readonly Route[],
  method: string,
  path: string,
): Match | undefined {
  const matches = routes.flatMap((route) => {
    const params = paramsOf(route.template, path);
    return params ? [{ route, params }] : [];
  });
  return matches.find((match) => match.route.method === method);
}

/** Returns why no route matched: 405 if the path has other methods, 404 if it is unknown. */
export function noMatch(routes: readonly Route[], path: string) {
  const isKnownPath = routes.some((route) => paramsOf(route.template, path));
  return isKnownPath ? methodNotAllowed() : notFound();
}

/** Refuses `@me` and other words in place of an id. Called before the route decides. */
export function checkIds(params: Match['params']): void {
  const faulty = Object.entries(params).filter(
    ([name, value]) => name.endsWith('_id') && !isSnowflake(value),
  );
  if (faulty.length === 0) return;
  throw invalidForm(
    Object.fromEntries(faulty.map(([name, value]) => [name, notASnowflake(value)])),
  );
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function paramsOf(template: string, path: string): Record<string, string> | undefined {
  const wanted = template.split('/');
  const given = path.split('/').map(decoded);
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? '';
    if (part.startsWith('{')) params[part.slice(1, -1)] = value;
    else if (part !== value) return undefined;
  }
  return params;
}
