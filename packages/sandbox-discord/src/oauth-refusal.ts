/**
 * An error of the token endpoints in OAuth2's own format; they do not use Discord's numbered codes.
 */
export class OAuthRefusal extends Error {
  constructor(
    readonly status: number,
    readonly error: string,
    readonly description?: string,
  ) {
    super(description ?? error);
    this.name = 'OAuthRefusal';
  }
}

export const invalidClient = () => new OAuthRefusal(401, 'invalid_client');
export const invalidGrant = (field: string) =>
  new OAuthRefusal(400, 'invalid_grant', `Invalid "${field}" in request.`);
export const invalidRequest = (description: string) =>
  new OAuthRefusal(400, 'invalid_request', description);
export const unsupportedTokenType = () => new OAuthRefusal(400, 'unsupported_token_type');

/** Also the answer to a JSON body, in which Discord finds no grant type. */
export const unsupportedGrantType = (grantType: string | null) =>
  new OAuthRefusal(
    400,
    'unsupported_grant_type',
    `Grant type ${grantType ?? 'None'} is not supported`,
  );
