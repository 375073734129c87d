import { versionUnnamed } from './api-version.js';
import { applicationRoutes } from './application-routes.js';
import { AUTHORIZE_PATH } from './authorize-request.js';
import { authorizeRoutes } from './authorize-routes.js';
import { banRoutes } from './ban-routes.js';
import { gatewayRoutes } from './gateway/gateway-routes.js';
import { guildRoutes } from './guild-routes.js';
import { identityRoutes } from './identity-routes.js';
import { inviteRoutes } from './invite-routes.js';
import { memberRoleRoutes } from './member-role-routes.js';
import { memberRoutes } from './member-routes.js';
import { roleRoutes } from './role-routes.js';
import { matchRoute, noMatch, type Match, type Route } from './route.js';
import { tokenRoutes } from './token-routes.js';

const ROUTES: readonly Route[] = [
  ...authorizeRoutes,
  ...tokenRoutes,
  ...applicationRoutes,
  ...identityRoutes,
  ...gatewayRoutes,
  ...guildRoutes,
  ...banRoutes,
  ...roleRoutes,
  ...memberRoutes,
  ...memberRoleRoutes,
  ...inviteRoutes,
];

/** Where a call goes: below a version of the API, or to the consent page. */
export type Target = {
  readonly path: string;
  readonly match: Match | undefined;
  readonly version: number;
};

export function targetOf(method: string, pathname: string): Target {
  const [, version, below = '/'] = /^\/api(?:\/v(\d+))?(\/.*)?$/.exec(pathname) ?? [];
  const path = pathname === AUTHORIZE_PATH ? pathname : below;
  return {
    path,
    match: matchRoute(ROUTES, method, path),
    version: version === undefined ? versionUnnamed(path) : Number(version),
  };
}

export const noTarget = ({ path }: Target) => noMatch(ROUTES, path);
