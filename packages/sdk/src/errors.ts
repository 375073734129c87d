/** What went wrong, as the connector says it. A later version may know more. */
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
  /** The connector, or something on the way to it, gave no answer or none that counts. */
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
  /** The one input that is at fault: `input.roleId`. */
  readonly field: string | undefined;
  /** Ask the connector's log about it. */
  readonly requestId: string | undefined;
  /** Before then there is no use in trying again. */
  readonly retryAt: Date | undefined;

  constructor(message: string, details: Details) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code;
    this.field = details.field;
    this.requestId = details.requestId;
    this.retryAt = details.retryAt;
  }
}
