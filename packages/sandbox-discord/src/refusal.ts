import { RESTJSONErrorCodes } from 'discord-api-types/v10';

/** An error answer of Discord. Thrown where it is detected, sent by the API. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: number,
    message: string,
    readonly errors?: FieldErrorNode,
  ) {
    super(message);
    this.name = 'Refusal';
  }
}

export type FieldError = { readonly code: string; readonly message: string };

/** What is wrong with each field. Items of a list are named by their index. */
export type FieldErrors = { readonly [field: string]: FieldErrorNode };
export type FieldErrorNode = { readonly _errors: readonly FieldError[] } | FieldErrors;

export function invalidForm(errors: FieldErrorNode): Refusal {
  const code = RESTJSONErrorCodes.InvalidFormBodyOrContentType;
  return new Refusal(400, code, 'Invalid Form Body', errors);
}

export function invalidField(field: string, error: FieldError): Refusal {
  return invalidForm({ [field]: { _errors: [error] } });
}

export const unauthorized = () => new Refusal(401, 0, '401: Unauthorized');
export const notFound = () => new Refusal(404, 0, '404: Not Found');
export const methodNotAllowed = () => new Refusal(405, 0, '405: Method Not Allowed');
export const unknownApiVersion = () =>
  new Refusal(400, RESTJSONErrorCodes.InvalidAPIVersion, 'Invalid API version');
export const invalidJson = () =>
  new Refusal(
    400,
    RESTJSONErrorCodes.RequestBodyContainsInvalidJSON,
    'The request body contains invalid JSON.',
  );
export const noUserAgent = () =>
  new Refusal(403, RESTJSONErrorCodes.CloudflareIsBlockingYourRequest, 'internal network error');
export const unknownMember = () =>
  new Refusal(404, RESTJSONErrorCodes.UnknownMember, 'Unknown Member');
export const unknownUser = () => new Refusal(404, RESTJSONErrorCodes.UnknownUser, 'Unknown User');
export const unknownRole = () => new Refusal(404, RESTJSONErrorCodes.UnknownRole, 'Unknown Role');
export const unknownInvite = () =>
  new Refusal(404, RESTJSONErrorCodes.UnknownInvite, 'Unknown Invite');
export const unknownGuild = () =>
  new Refusal(404, RESTJSONErrorCodes.UnknownGuild, 'Unknown Guild');
export const unknownBan = () => new Refusal(404, RESTJSONErrorCodes.UnknownBan, 'Unknown Ban');
export const unknownChannel = () =>
  new Refusal(404, RESTJSONErrorCodes.UnknownChannel, 'Unknown Channel');
export const needsMoreBoosts = () =>
  new Refusal(
    403,
    RESTJSONErrorCodes.ServerNeedsMoreBoostsToPerformThisAction,
    'This server needs more boosts to perform this action',
  );
// Not among the documented codes.
export const invalidRoleColor = () => new Refusal(400, 670_008, 'Invalid role color');
export const banFailed = () =>
  new Refusal(400, RESTJSONErrorCodes.FailedToBanUsers, 'Failed to ban users');
export const missingAccess = () =>
  new Refusal(403, RESTJSONErrorCodes.MissingAccess, 'Missing Access');
export const missingPermissions = () =>
  new Refusal(403, RESTJSONErrorCodes.MissingPermissions, 'Missing Permissions');
export const invalidRole = () => new Refusal(400, RESTJSONErrorCodes.InvalidRole, 'Invalid Role');
export const twoFactorRequired = () =>
  new Refusal(
    403,
    RESTJSONErrorCodes.TwoFactorAuthenticationIsRequired,
    'Two factor is required for this operation',
  );
export const missingScope = () =>
  new Refusal(403, RESTJSONErrorCodes.MissingRequiredOAuth2Scope, 'Missing required OAuth2 scope');
export const invalidAccessToken = () =>
  new Refusal(403, RESTJSONErrorCodes.InvalidOAuth2AccessToken, 'Invalid OAuth2 access token');
export const bannedFromGuild = () =>
  new Refusal(
    403,
    RESTJSONErrorCodes.UserBannedFromThisGuild,
    'The user is banned from this guild.',
  );
export const accountIsLocked = () =>
  new Refusal(
    403,
    RESTJSONErrorCodes.TheUserAccountMustFirstBeVerified,
    'The user account must first be verified',
  );
export const guildIsFull = () =>
  new Refusal(
    400,
    RESTJSONErrorCodes.MaximumNumberOfServerMembersReached,
    'Maximum number of server members reached',
  );
export const tooManyGuilds = () =>
  new Refusal(
    400,
    RESTJSONErrorCodes.MaximumNumberOfGuildsReached,
    'Maximum number of guilds reached (200)',
  );
export const tooManyRoles = () =>
  new Refusal(
    400,
    RESTJSONErrorCodes.MaximumNumberOfGuildRolesReached,
    'Maximum number of guild roles reached (250)',
  );
export const notInVoice = () =>
  new Refusal(
    400,
    RESTJSONErrorCodes.TargetUserIsNotConnectedToVoice,
    'Target user is not connected to voice.',
  );
