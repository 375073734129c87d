import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';

import type { Logger } from '../lib/logger.js';
import type { ErrorCode } from './errors.js';

/** Faults before any operation is known, in the shape that GraphQL clients read. */
export function answerFault(logger: Logger) {
  return (
    error: FastifyError,
    request: FastifyRequest,
    reply: FastifyReply,
  ): FastifyReply => {
    const status = error.statusCode ?? 500;
    if (status < 500)
      return sendError(reply, status, 'BAD_USER_INPUT', tell(error));
    const requestId = request.id;
    logger.error({ requestId, url: pathOf(request), err: error }, 'failed');
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

export function answerNotFound(
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const place = `${request.method} ${pathOf(request)}`;
  return sendError(
    reply,
    404,
    'NOT_FOUND',
    `There is nothing at ${place}; the API is at POST /graphql, the playground at /admin.`,
  );
}

export const pathOf = (request: FastifyRequest): string =>
  request.url.split('?', 1)[0] ?? '/';

/** Their own words name settings of the server; ours name what the caller did. */
function tell(error: FastifyError): string {
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return 'The request is larger than 2 MiB.';
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return 'Send application/json.';
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return 'The request has no body.';
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return 'The body is not JSON.';
    default:
      return error instanceof SyntaxError
        ? 'The body is not JSON.'
        : 'The request cannot be read.';
  }
}

function sendError(
  reply: FastifyReply,
  status: number,
  code: ErrorCode,
  message: string,
): FastifyReply {
  return reply
    .code(status)
    .send({ errors: [{ message, extensions: { code } }] });
}
