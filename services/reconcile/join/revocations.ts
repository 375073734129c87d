/**
 * Revokes tokens at Discord that are no longer needed: those the client does not keep, and those of
 * unlinked people and failed sign-ins.
 * In: due revocations. Out: one call to Discord for each.
 * Never: a token revoked while another client of the same application still uses this person's
 * grant, or while the person signs in again.
 */
import { DatabaseUnavailableError, RetryLaterError, TerminalError } from '../../lib/errors.js';
import type { Part } from '../../lib/lifecycle.js';
import type { Logger } from '../../lib/logger.js';
import type { DiscordUserId, OAuthApplication } from '../../model.js';
import type { DueRevocation, RevocableGrant, RevocationTable } from './ports.js';

/**
 * A refusal is final after this many attempts, about nine hours. Until then it may be temporary:
 * the secret may be replaced, or Discord may be wrong.
 */
const MOST_REFUSALS = 15;

/**
 * How long, and how often, to wait for a sign-in in progress: two minutes in all. A grant that is
 * not linked by then is revoked as well.
 */
const SIGN_IN_WAIT_MS = 10_000;
const MOST_SIGN_IN_WAITS = 12;

/**
 * Shortest wait between rounds. The database's clock decides what is due, and it may be behind this
 * process's clock.
 */
const SHORTEST_MS = 100;

/** Wait after a failed round. */
const RETRY_MS = 2_000;

interface Deps {
  readonly table: RevocationTable;
  readonly oauth: {
    readAccount(
      application: OAuthApplication,
      accessToken: string,
    ): Promise<{ readonly discordUserId: DiscordUserId }>;
    revoke(application: OAuthApplication, token: string): Promise<void>;
  };
  readonly clock: () => number;
  readonly logger: Logger;
  /** How often to check for due grants, in case a NOTIFY is lost. */
  readonly pollMs: number;
}

export function createRevocationWorker(deps: Deps): Part {
  const loop = new Loop(deps);
  let stopListening: (() => Promise<void>) | undefined;
  return {
    name: 'revocations',
    async start() {
      stopListening = await deps.table.onAdded(() => loop.wake());
      loop.wake();
    },
    async stop() {
      await stopListening?.();
      await loop.stop();
    },
    ready: () => ({ ok: true }),
  };
}

class Loop {
  #work: Promise<void> | null = null;
  #isWoken = false;
  #isStopped = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(readonly deps: Deps) {}

  wake(): void {
    this.#isWoken = true;
    if (this.#isStopped || this.#work !== null) return;
    clearTimeout(this.#timer);
    this.#work = this.#workWhileWoken().finally(() => {
      this.#work = null;
    });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#work;
  }

  async #workWhileWoken(): Promise<void> {
    let againInMs = this.deps.pollMs;
    while (this.#isWoken && !this.#isStopped) {
      this.#isWoken = false;
      againInMs = await this.#round().catch((error: unknown) => {
        this.deps.logger.warn({ err: error }, 'revocation lookup failed');
        return RETRY_MS;
      });
    }
    if (!this.#isStopped) this.#timer = setTimeout(() => this.wake(), againInMs);
  }

  async #round(): Promise<number> {
    const { table, clock, pollMs } = this.deps;
    const due = await table.claimDue();
    for (const each of due) {
      if (this.#isStopped) return pollMs;
      await this.#revoke(each);
    }
    const next = await table.nextDueAt();
    return next === null
      ? pollMs
      : Math.min(pollMs, Math.max(SHORTEST_MS, next.getTime() - clock()));
  }

  async #revoke(due: DueRevocation): Promise<void> {
    const { table, oauth } = this.deps;
    try {
      const grant = due.unlock();
      const discordUserId = due.discordUserId ?? (await this.#ownerOf(grant));
      const use = discordUserId === null ? 'NONE' : await table.findUse(due.id, discordUserId);
      if (use === 'SIGNING_IN' && due.attempts < MOST_SIGN_IN_WAITS)
        return await table.wait(due.id, SIGN_IN_WAIT_MS);
      if (use !== 'IN_USE')
        await oauth.revoke(grant.application, grant.refreshToken ?? grant.accessToken);
      await table.forget(due.id);
    } catch (error) {
      await this.#putUpWith(due, error);
    }
  }

  /**
   * Returns the owner of the token; null: Discord no longer knows the token, or does not name its
   * owner. Revoking it can then affect no one else.
   */
  async #ownerOf({ application, accessToken }: RevocableGrant): Promise<DiscordUserId | null> {
    try {
      const account = await this.deps.oauth.readAccount(application, accessToken);
      return account.discordUserId;
    } catch (error) {
      if (error instanceof TerminalError) return null;
      throw error;
    }
  }

  /** Postpones the grant, or gives it up after MOST_REFUSALS. A database error ends the round. */
  async #putUpWith(due: DueRevocation, error: unknown): Promise<void> {
    if (error instanceof DatabaseUnavailableError) throw error;
    const { clientId, discordUserId, attempts } = due;
    const fields = { clientId, discordUserId, attempts, err: error };
    if (!(error instanceof TerminalError) || attempts < MOST_REFUSALS) {
      if (!(error instanceof RetryLaterError))
        this.deps.logger.warn(fields, 'token revocation failed, will be retried');
      return this.deps.table.postpone(due.id);
    }
    this.deps.logger.error(
      fields,
      "gave up on token revocation: revoke the token in the application's settings at Discord",
    );
    await this.deps.table.forget(due.id);
  }
}
