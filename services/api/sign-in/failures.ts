import { RetryLaterError, TerminalError, UnavailableError } from '../../lib/errors.js';
import type { Logger } from '../../lib/logger.js';
import type { Cause } from '../../model.js';
import type { SignInOutcome, SignInResult } from './endings.js';
import type { SignInClient, TicketView } from './ports.js';

interface Place {
  readonly ticket: TicketView;
  readonly client: SignInClient;
  readonly cause: Cause;
}

/** Maps Discord's refusal or silence to a result page. Rethrows other errors. */
export function endingOfFailure(
  { logger }: { readonly logger: Logger },
  { ticket, client, cause }: Place,
  { error, step }: { readonly error: unknown; readonly step: Step },
): SignInOutcome {
  const code = resultOf(error, step);
  if (code === null) throw error;
  // These messages are safe to log: they name the application, never a code or a token.
  const reason = error instanceof Error ? error.message : String(error);
  const fields = { requestId: cause.id, clientId: client.clientId, reason };
  if (code === 'SETUP_FAULT') logger.error(fields, 'client misconfigured, sign-in impossible');
  else logger.warn({ ...fields, code }, 'sign-in failed at Discord');
  return { code, ticket };
}

type Step = 'exchange' | 'account';

function resultOf(error: unknown, step: Step): SignInResult | null {
  if (error instanceof RetryLaterError || error instanceof UnavailableError)
    return 'DISCORD_FAILED';
  if (!(error instanceof TerminalError)) return null;
  if (error.code === 'INVALID_CLIENT') return 'SETUP_FAULT';
  // Used, too old, or not one of Discord's at all.
  if (error.code === 'INVALID_GRANT' && step === 'exchange') return 'EXPIRED';
  return 'DISCORD_FAILED';
}
