import { sql } from 'kysely';

import { awaitRevocations } from './revocations.js';
import { lockPlatformUser } from '../links/links.js';
import { inMs } from '../connection/expressions.js';
import type { Db, Row } from '../entities/entities.js';
import { type Time, toDate } from '../read/page.js';
import { LostKeyError, type KeyRing } from '../../lib/encryption.js';
import { InputError } from '../../lib/errors.js';
import { named } from '../../lib/named.js';
import type { ClientId, PlatformUserId } from '../../model.js';
import { lockClient } from '../clients/client-rows.js';
import type { Database } from '../connection/database.js';

interface Ticket {
  readonly ticketHash: string;
  readonly clientId: ClientId;
  readonly platformUserId: PlatformUserId;
  readonly email: string | null;
  readonly returnTo: string | null;
  readonly expiresAt: Date;
}

interface Consent {
  readonly browserHash: string;
  readonly stateHash: string;
  readonly codeVerifier: string;
}

interface TicketView extends Ticket {
  readonly platformUsername: string | null;
  readonly clientName: string;
  readonly browserHash: string | null;
}

interface Deps {
  readonly database: Database;
  readonly keys: KeyRing;
}

/**
 * Tickets are valid for minutes. Creating a ticket deletes the tickets that expired more than an
 * hour ago.
 */
export function createTickets(deps: Deps) {
  return {
    openTicket: async (ticket: Ticket) => openTicket(deps, ticket),
    findTicket: async (ticketHash: string) => findTicket(deps, ticketHash),
    bindTicket: async (ticketHash: string, consent: Consent) =>
      bindTicket(deps, ticketHash, consent),
    takeState: async (stateHash: string, attempt: string) => takeState(deps, stateHash, attempt),
    spendTicket: async (ticketHash: string, attempt: string) =>
      spendTicket(deps, ticketHash, attempt),
  };
}

async function openTicket({ database, keys }: Deps, ticket: Ticket): Promise<void> {
  await database.transaction(async (tx) => {
    const client = await lockClient(tx, ticket.clientId, 'use');
    if (client.endingAt)
      throw new InputError(
        'FAILED_PRECONDITION',
        `${named('client', ticket.clientId, client.name)} is being deleted`,
      );
    await lockPlatformUser(tx, ticket.platformUserId);
    await insertTicket(tx.sql, ticket, keys);
  });
}

async function findTicket(
  { database, keys }: Deps,
  ticketHash: string,
): Promise<TicketView | null> {
  const { rows } = await sql<TicketRow>`
    select ${VIEW} from link_ticket t ${NAMES}
    where t.ticket_hash = ${ticketHash} and ${IS_OPEN}`.execute(database.sql());
  return rows[0] === undefined ? null : viewOf(keys, rows[0]);
}

async function bindTicket(
  { database, keys }: Deps,
  ticketHash: string,
  { browserHash, stateHash, codeVerifier }: Consent,
): Promise<'BOUND' | 'OTHER_BROWSER' | 'GONE'> {
  const verifier = keys.encrypt(codeVerifier, verifierContext(ticketHash));
  const { rows } = await sql<{ is_bound: boolean }>`
    update link_ticket t set
      browser_hash = coalesce(browser_hash, ${browserHash}),
      state_hash = case when ${isMine(browserHash)} then ${stateHash} else state_hash end,
      attempt = case when ${isMine(browserHash)} then null else attempt end,
      code_verifier = case when ${isMine(browserHash)} then ${verifier} else code_verifier end
    where t.ticket_hash = ${ticketHash} and ${IS_OPEN}
    returning browser_hash = ${browserHash} as is_bound`.execute(database.sql());
  if (rows[0] === undefined) return 'GONE';
  if (!rows[0].is_bound) return 'OTHER_BROWSER';
  await awaitRevocations(database, ticketHash);
  return 'BOUND';
}

/**
 * Finds the ticket of an OAuth2 state and assigns it to the request `attempt`. Until the ticket is
 * used, the same request can take the state again, because the response may have been lost.
 */
async function takeState(
  { database, keys }: Deps,
  stateHash: string,
  attempt: string,
): Promise<(TicketView & Consent) | null> {
  const { rows } = await sql<TicketRow & { codeVerifier: string }>`
    with found as (
      select t.ticket_hash, t.code_verifier from link_ticket t
      where t.state_hash = ${stateHash} and ${IS_OPEN} for update
    ), taken as (
      update link_ticket t set attempt = ${attempt} from found
      where t.ticket_hash = found.ticket_hash and t.state_hash = ${stateHash}
        and coalesce(t.attempt, ${attempt}) = ${attempt}
      returning t.ticket_hash
    )
    select ${VIEW}, found.code_verifier as "codeVerifier" from taken join found using (ticket_hash)
    join link_ticket t using (ticket_hash) ${NAMES}`.execute(database.sql());
  const [row] = rows;
  if (row === undefined || row.browserHash === null) return null;
  const context = verifierContext(row.ticketHash);
  // Null if the encryption key is lost: this attempt then fails, and the person can start again.
  const codeVerifier = decryptIfKept(keys, row.codeVerifier, context);
  if (codeVerifier === null) return null;
  const { browserHash } = row;
  return { ...viewOf(keys, row), browserHash, stateHash, codeVerifier };
}

/** Returns null if the key is lost. */
function decryptIfKept(keys: KeyRing, cipherText: string, context: string): string | null {
  try {
    return keys.decrypt(cipherText, context);
  } catch (error) {
    if (error instanceof LostKeyError) return null;
    throw error;
  }
}

async function spendTicket(
  { database }: Deps,
  ticketHash: string,
  attempt: string,
): Promise<boolean> {
  const { rows } = await sql`
    update link_ticket t set spent_at = coalesce(spent_at, clock_timestamp()), attempt = ${attempt},
      email_cipher = null, state_hash = null, code_verifier = null
    where t.ticket_hash = ${ticketHash} and (${IS_OPEN} or (t.spent_at is not null and t.attempt = ${attempt}))
    returning 1`.execute(database.sql());
  return rows.length > 0;
}

const IS_OPEN = sql`t.spent_at is null and t.expires_at > clock_timestamp()
  and exists (select from client o where o.id = t.client_id and o.ending_at is null)`;

const VIEW = sql`t.ticket_hash as "ticketHash", t.client_id as "clientId", t.platform_user_id as "platformUserId",
  t.email_cipher as "emailCipher", t.return_to as "returnTo", t.expires_at as "expiresAt", t.browser_hash as "browserHash",
  u.username as "platformUsername", c.name as "clientName"`;

const NAMES = sql`join client c on c.id = t.client_id
  join platform_user u on u.id = t.platform_user_id`;

function isMine(browserHash: string) {
  return sql`(t.browser_hash is null or t.browser_hash = ${browserHash})`;
}

/** A ticket row with times as the driver returns them. */
interface TicketRow extends Pick<
  Row<'link_ticket'>,
  'ticketHash' | 'clientId' | 'platformUserId' | 'emailCipher' | 'returnTo' | 'browserHash'
> {
  readonly expiresAt: Time;
  readonly platformUsername: string | null;
  readonly clientName: string;
}

function viewOf(keys: KeyRing, { emailCipher, expiresAt, ...row }: TicketRow): TicketView {
  return {
    ...row,
    email: emailCipher && decryptIfKept(keys, emailCipher, emailContext(row.ticketHash)),
    expiresAt: toDate(expiresAt),
  };
}

async function insertTicket(db: Db, ticket: Ticket, keys: KeyRing): Promise<void> {
  const { ticketHash, email } = ticket;
  const emailCipher = email && keys.encrypt(email, emailContext(ticketHash));
  await db
    .deleteFrom('link_ticket')
    .where('expiresAt', '<', inMs(-60 * 60_000))
    .execute();
  const { clientId, platformUserId, returnTo, expiresAt } = ticket;
  await db
    .insertInto('link_ticket')
    .values({ ticketHash, clientId, platformUserId, emailCipher, returnTo, expiresAt })
    .execute();
}

export function verifierContext(ticketHash: string): string {
  return `code verifier of ticket ${ticketHash}`;
}

export function emailContext(ticketHash: string): string {
  return `e-mail address of ticket ${ticketHash}`;
}
