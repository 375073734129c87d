import { TerminalError, UnavailableError } from '../../lib/errors.js';
import type { ConsumeOptions } from './kafka-port.js';
import { messageOf } from '../in/message-of.js';

const TOO_LARGE = ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'];

/** What a failed produce means to its caller. */
export function produceError(topic: string, error: unknown): Error {
  if (TOO_LARGE.includes(protocolType(error) ?? '')) {
    return new TerminalError(
      'RECORD_TOO_LARGE',
      `topic ${topic} does not accept a record of this size`,
      { cause: error },
    );
  }
  return new UnavailableError(`cannot produce to topic ${topic}: ${messageOf(error)}`, {
    cause: error,
  });
}

export function consumeError(options: ConsumeOptions, error: unknown): Error {
  const { topics, groupId } = options;
  return new UnavailableError(
    `cannot consume ${topics.join(', ')} as group ${groupId}: ${messageOf(error)}`,
    { cause: error },
  );
}

/**
 * The broker's name for what went wrong, e.g. `UNKNOWN_TOPIC_OR_PARTITION`; kafkajs wraps it when
 * it gives up.
 */
export function protocolType(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  if ('type' in error && typeof error.type === 'string') return error.type;
  return protocolType(error.cause);
}
