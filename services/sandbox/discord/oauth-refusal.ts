/** The token endpoints say no, in OAuth2's own words; Discord's numbered codes are not for them. */
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

/** Also what a body in JSON is told: in it Discord finds no grant type at all. */
export const unsupportedGrantType = (grantType: string | null) =>
  new OAuthRefusal(
    400,
    'unsupported_grant_type',
    `Grant type ${grantType ?? 'None'} is not supported`,
  );
