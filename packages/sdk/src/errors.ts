/** The connector's error codes. Later versions may add more. */
export type ConnectorErrorCode =
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'BAD_USER_INPUT'
  | 'NOT_FOUND'
  | 'CONFLICT'
  | 'FAILED_PRECONDITION'
  | 'DISCORD_ERROR'
  | 'DISCORD_RATE_LIMITED'
  | 'RATE_LIMITED'
  /** No usable answer from the connector, or from a proxy before it. */
  | 'UNAVAILABLE'
  | 'INTERNAL'
  | (string & {});

interface Details {
  readonly code: ConnectorErrorCode;
  readonly field?: string | undefined;
  readonly requestId?: string | undefined;
  readonly retryAt?: Date | undefined;
  readonly cause?: unknown;
}

export class ConnectorError extends Error {
  override readonly name = 'ConnectorError';
  readonly code: ConnectorErrorCode;
  /** The invalid input, such as `input.roleId`. */
  readonly field: string | undefined;
  /** Identifies the request in the connector's log. */
  readonly requestId: string | undefined;
  /** The earliest time at which a retry can succeed. */
  readonly retryAt: Date | undefined;

  constructor(message: string, details: Details) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code;
    this.field = details.field;
    this.requestId = details.requestId;
    this.retryAt = details.retryAt;
  }
}
