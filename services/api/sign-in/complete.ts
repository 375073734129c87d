import { InputError, RetryLaterError, TerminalError, UnavailableError } from '../../lib/errors.js';
import type { Logger } from '../../lib/logger.js';
import type { Cause, JoinRefusal, TokenGrant } from '../../model.js';
import type { SignInOutcome, SignInResult } from './endings.js';
import type {
  DiscordAccount,
  LinkedOutcome,
  SignInClient,
  SignInPorts,
  TicketView,
} from './ports.js';

/** How long a person waits for a worker to add them to the guild. */
const LINKED_WAIT_MS = 5000;

interface Completion {
  readonly ticket: TicketView;
  readonly client: SignInClient;
  readonly code: string;
  readonly codeVerifier: string;
  readonly redirectUri: string;
  readonly cause: Cause;
}

interface CompletionDeps {
  readonly ports: SignInPorts;
  readonly logger: Logger;
}

/**
 * Exchanges the code for tokens (the grant) and creates the link. If no link is created, the grant
 * is always revoked.
 */
export async function completeSignIn(
  deps: CompletionDeps,
  completion: Completion,
): Promise<SignInOutcome> {
  const { ports } = deps;
  const { client } = completion;
  let grant: TokenGrant;
  try {
    grant = await ports.oauth.exchangeCode(client.application, completion);
  } catch (error) {
    return endingOfFailure(deps, completion, { error, step: 'exchange' });
  }
  const grantId = await keepGrant(deps, completion, grant);
  let attempt: Attempt;
  try {
    attempt = await tryToLink(deps, completion, { grant, grantId });
  } catch (error) {
    await discardGrant(deps, completion, grantId);
    throw error;
  }
  if (attempt.link === null) {
    await discardGrant(deps, completion, grantId);
    return attempt.ending;
  }
  return endingOfLink(deps, completion, attempt);
}

async function keepGrant(
  { ports, logger }: CompletionDeps,
  { client, cause, ticket }: Completion,
  grant: TokenGrant,
): Promise<string> {
  try {
    return await ports.keepGrant(client.clientId, grant, ticket.ticketHash);
  } catch (error) {
    // The grant is not stored, so the store cannot revoke it later.
    const { clientId, application } = client;
    await ports.oauth
      .revoke(application, grant.accessToken)
      .catch((err: unknown) =>
        logger.error(
          { requestId: cause.id, clientId, err },
          'token revocation failed for an unsaved grant',
        ),
      );
    throw error;
  }
}

/**
 * Marks the grant for revocation now. If this fails, the store still revokes the grant later,
 * because no link uses it.
 */
async function discardGrant(
  { ports, logger }: CompletionDeps,
  { client, cause }: Completion,
  grantId: string,
): Promise<void> {
  await ports
    .discardGrant(grantId)
    .catch((err: unknown) =>
      logger.error(
        { requestId: cause.id, clientId: client.clientId, grantId, err },
        'discarding an unused sign-in grant failed, will be retried',
      ),
    );
}

interface Linked {
  readonly link: Awaited<ReturnType<SignInPorts['linkSignedIn']>>;
  readonly account: DiscordAccount;
}

type Attempt = Linked | { readonly link: null; readonly ending: SignInOutcome };

const ended = (ending: SignInOutcome): Attempt => ({ link: null, ending });

async function tryToLink(
  deps: CompletionDeps,
  completion: Completion,
  { grant, grantId }: { readonly grant: TokenGrant; readonly grantId: string },
): Promise<Attempt> {
  const { ports } = deps;
  const { ticket, client, cause } = completion;
  if (!NEEDED_SCOPES.every((scope) => grant.scopes.includes(scope)))
    return ended({ code: 'SCOPE_MISSING', ticket });
  let account: DiscordAccount;
  try {
    const { accessToken } = grant;
    account = await ports.oauth.readAccount(client.application, accessToken);
  } catch (error) {
    const failure = { error, step: 'account' } as const;
    return ended(endingOfFailure(deps, completion, failure));
  }
  if (account.isBot) return ended({ code: 'BOT_ACCOUNT', ticket, account });
  if (client.email === 'REQUIRE' && lacksEmail(account))
    return ended({ code: 'EMAIL_MISSING', ticket, account });
  try {
    const { clientId } = client;
    const { platformUserId } = ticket;
    const wanted = { grantId, clientId, platformUserId, account, cause };
    return { link: await ports.linkSignedIn(wanted), account };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return ended({ code: codeOfRefusal(error), ticket, account });
  }
}

function codeOfRefusal({ code }: InputError): SignInOutcome['code'] {
  if (code === 'CONFLICT') return 'CLAIMED';
  return code === 'BAD_USER_INPUT' ? 'BOT_ACCOUNT' : 'CLIENT_GONE';
}

/** Discord requires `guilds.join` to add the person to the guild. */
const NEEDED_SCOPES = ['identify', 'guilds.join'];

async function endingOfLink(
  { ports, logger }: CompletionDeps,
  { ticket, client, cause }: Completion,
  { link, account }: Linked,
): Promise<SignInOutcome> {
  const outcome = await ports
    .awaitLinked(link.linkId, LINKED_WAIT_MS)
    .catch((err: unknown): LinkedOutcome => {
      // The link exists and the worker continues: only reading the outcome failed. The person sees
      // the result WAITING.
      const fields = { requestId: cause.id, linkId: link.linkId, err };
      logger.error(fields, 'could not read the outcome of a new link');
      return { kind: 'WAITING' };
    });
  const code = codeOf(outcome);
  const couldJoin = outcome.kind === 'NOT_IN_GUILD' && code !== 'BANNED';
  return {
    code,
    ticket,
    account,
    hasOtherEmail: hasOtherEmail(account, ticket.email),
    warnings: link.warnings,
    inviteUrl: couldJoin ? client.inviteUrl : null,
  };
}

function codeOf(outcome: LinkedOutcome): SignInOutcome['code'] {
  if (outcome.kind === 'WAITING') return 'WAITING';
  if (outcome.kind === 'NOT_IN_GUILD')
    return outcome.refusal === null ? 'JOIN_FAILED' : CODES_OF_REFUSALS[outcome.refusal];
  return outcome.isScreened ? 'SCREENING' : 'LINKED';
}

/**
 * Result codes of join refusals. The first three are shown to the person, who can act on them. All
 * others only mean that joining failed.
 */
const CODES_OF_REFUSALS: Readonly<Record<JoinRefusal, SignInResult>> = {
  BANNED: 'BANNED',
  GUILD_FULL: 'GUILD_FULL',
  USER_GUILD_LIMIT: 'USER_GUILD_LIMIT',
  INVALID_TOKEN: 'JOIN_FAILED',
  MISSING_PERMISSION: 'JOIN_FAILED',
  REFUSED: 'JOIN_FAILED',
};

/**
 * Returns whether the account has no verified e-mail address. Guest accounts have none, and an
 * unverified address may belong to anyone.
 */
const lacksEmail = (account: DiscordAccount): boolean =>
  emailOf(account.email) === null || !account.isEmailVerified;

/**
 * Returns whether the account's and the platform's e-mail addresses differ; false if either is
 * unknown.
 */
export function hasOtherEmail(account: DiscordAccount, platformEmail: string | null): boolean {
  const one = emailOf(account.email);
  const other = emailOf(platformEmail);
  return one !== null && other !== null && one !== other;
}

function emailOf(text: string | null): string | null {
  const email = text?.trim().toLowerCase() ?? '';
  return email === '' ? null : email;
}

interface Place {
  readonly ticket: TicketView;
  readonly client: SignInClient;
  readonly cause: Cause;
}

/**
 * Returns the result for a call that Discord refused or did not answer. Rethrows all other errors.
 */
function endingOfFailure(
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
  // The code has been used, has expired, or was not issued by Discord.
  if (error.code === 'INVALID_GRANT' && step === 'exchange') return 'EXPIRED';
  return 'DISCORD_FAILED';
}
