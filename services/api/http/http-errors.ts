import type { Socket } from 'node:net';

import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';

import type { Logger } from '../../lib/logger.js';
import type { ErrorCode } from '../kit/errors.js';

/**
 * Creates the error handler for requests that fail before GraphQL reads an operation. It responds
 * in the format of GraphQL errors.
 */
export function answerFault(logger: Logger) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const status = error.statusCode ?? 500;
    if (error instanceof RefusedRequest) {
      const { code, message, headers = {}, more } = error.refusal;
      return sendError(reply.headers(headers), status, code, message, more);
    }
    if (status < 500) return sendError(reply, status, 'BAD_USER_INPUT', messageFor(error));
    const requestId = request.id;
    logger.error({ requestId, url: requestPath(request), err: error }, 'request failed');
    return reply.code(500).send({
      errors: [
        {
          message: `Internal error, request ${requestId}`,
          extensions: { code: 'INTERNAL', requestId },
        },
      ],
    });
  };
}

export function answerNotFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const place = `${request.method} ${requestPath(request)}`;
  return sendError(
    reply,
    404,
    'NOT_FOUND',
    `Nothing is served at ${place}. The API is at POST /graphql, the playground at /admin.`,
  );
}

export const requestPath = (request: FastifyRequest): string => request.url.split('?', 1)[0] ?? '/';

/** A request that is rejected before GraphQL reads an operation. */
export class RefusedRequest extends Error {
  readonly statusCode: number;

  constructor(
    readonly refusal: {
      readonly status: number;
      readonly code: ErrorCode;
      readonly message: string;
      readonly headers?: Readonly<Record<string, string>>;
      /** More fields for the error's `extensions`, besides `code`. */
      readonly more?: Readonly<Record<string, unknown>>;
    },
  ) {
    super(refusal.message);
    this.statusCode = refusal.status;
  }
}

/**
 * A request body that is rejected, for example because it is not valid UTF-8 or is nested too
 * deeply.
 */
export class UnreadableBody extends Error {
  constructor(
    readonly statusCode: 400 | 415,
    message: string,
  ) {
    super(message);
  }
}

/** The response body for a request that is rejected without a more precise message. */
export const unreadable = (requestId?: string) =>
  faults('BAD_USER_INPUT', 'The request is malformed.', {
    ...(requestId !== undefined && { requestId }),
  });

const STATUS_LINES: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/**
 * Responds to a malformed HTTP request. Node creates no request object for it, so the response is
 * written to the raw socket, which is then closed.
 */
export function answerUnreadable(error: Error & { readonly code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const status = STATUS_LINES[error.code ?? ''] ?? '400 Bad Request';
  const body = JSON.stringify(unreadable());
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json; charset=utf-8\r\n` +
      `content-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}

/**
 * Returns a message that names the caller's mistake. Fastify's own messages name settings of the
 * server.
 */
function messageFor(error: FastifyError): string {
  if (error instanceof UnreadableBody) return error.message;
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return 'The request is larger than 2 MiB.';
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return 'Send application/json.';
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return 'The request has no body.';
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return 'The body is not JSON, or has a forbidden key such as __proto__.';
    default:
      return 'The request is malformed.';
  }
}

function sendError(
  reply: FastifyReply,
  status: number,
  code: ErrorCode,
  message: string,
  more: Readonly<Record<string, unknown>> = {},
): FastifyReply {
  const requestId = reply.request.id;
  return reply.code(status).send(faults(code, message, { ...more, requestId }));
}

function faults(code: ErrorCode, message: string, more: Readonly<Record<string, unknown>>) {
  return { errors: [{ message, extensions: { code, ...more } }] };
}
