import { secretContext } from '../clients/client-rows.js';
import { answerContext } from '../idempotency/idempotent-answers.js';
import { tokenContext } from '../sign-in/grants.js';
import { emailContext, verifierContext } from '../sign-in/tickets.js';

/** Columns of a row as text: its key, its owner and its ciphertexts. Null: not set. */
export type RowNames = Readonly<Record<string, string | null>>;

export interface EncryptedTable {
  readonly table: string;
  /** Columns of the primary key. Their types let PostgreSQL use the index. */
  readonly key: readonly {
    readonly name: string;
    readonly type: 'uuid' | 'text';
  }[];
  /** Columns besides the key that identify the owner of a row. */
  readonly named: readonly string[];
  /** The client that a row belongs to; null: none. */
  readonly clientOf: (row: RowNames) => string | null;
  /** Ciphertext columns, each with its authenticated context. */
  readonly columns: readonly {
    readonly column: string;
    readonly context: (row: RowNames) => string;
  }[];
  /** The consequence of losing the key that encrypted a row. */
  readonly loss: string;
}

const idOf = (row: RowNames) => row['id'] ?? '';
const clientIdOf = (row: RowNames) => row['client_id'] ?? '';

const tokens = [
  {
    column: 'access_token',
    context: (row: RowNames) => tokenContext('access token', idOf(row)),
  },
  {
    column: 'refresh_token',
    context: (row: RowNames) => tokenContext('refresh token', idOf(row)),
  },
];

/**
 * All encrypted columns. A test searches a fully populated database for ciphertext in other
 * columns.
 */
export const ENCRYPTED_TABLES: readonly EncryptedTable[] = [
  {
    table: 'client',
    key: [{ name: 'id', type: 'uuid' }],
    named: [],
    clientOf: idOf,
    columns: [
      {
        column: 'bot_token',
        context: (row) => secretContext('botToken', idOf(row)),
      },
      {
        column: 'client_secret',
        context: (row) => secretContext('clientSecret', idOf(row)),
      },
    ],
    loss: 'the client is stopped until botToken and clientSecret are entered again',
  },
  {
    table: 'discord_grant',
    key: [{ name: 'id', type: 'uuid' }],
    named: ['client_id'],
    clientOf: clientIdOf,
    columns: tokens,
    loss: 'these people cannot be added to the guild until they sign in again',
  },
  {
    table: 'revocation',
    key: [{ name: 'id', type: 'uuid' }],
    named: ['client_id'],
    clientOf: clientIdOf,
    columns: [
      ...tokens,
      {
        column: 'client_secret',
        context: (row) => secretContext('clientSecret', clientIdOf(row)),
      },
    ],
    loss: 'these tokens are not revoked; they expire within days',
  },
  {
    table: 'link_ticket',
    key: [{ name: 'ticket_hash', type: 'text' }],
    named: ['client_id'],
    clientOf: clientIdOf,
    columns: [
      {
        column: 'code_verifier',
        context: (row) => verifierContext(row['ticket_hash'] ?? ''),
      },
      {
        column: 'email_cipher',
        context: (row) => emailContext(row['ticket_hash'] ?? ''),
      },
    ],
    loss: 'people who are signing in right now must start again, or get no warning about a different e-mail address',
  },
  {
    table: 'idempotent_request',
    key: [
      { name: 'caller', type: 'text' },
      { name: 'key_hash', type: 'text' },
    ],
    named: [],
    clientOf: () => null,
    columns: [
      {
        column: 'answer',
        context: (row) =>
          answerContext({
            caller: row['caller'] ?? '',
            keyHash: row['key_hash'] ?? '',
          }),
      },
    ],
    loss: 'retries with these idempotency keys are rejected for up to a day',
  },
];
