import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';

import { sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';

import type { RepeatableRequest } from '../../api/idempotency/ports.js';
import { type KeyRing, LostKeyError } from '../../lib/encryption.js';
import { InputError } from '../../lib/errors.js';
import type { Database } from '../connection/database.js';
import type { Db } from '../entities/entities.js';

/**
 * CLAIMED: this call must carry out the request. ANSWERED: `answer` is the stored response.
 * UNDER_WAY: another call is carrying out the request. OTHER: the key was used for a different
 * request.
 */
export type Claim =
  | { readonly kind: 'CLAIMED'; readonly claim: string }
  | { readonly kind: 'ANSWERED'; readonly answer: string }
  | { readonly kind: 'UNDER_WAY' | 'OTHER' };

interface Deps {
  readonly database: Database;
  readonly keys: KeyRing;
}

/**
 * The end of a claim's lease. The lease is longer than a living process can stall, and the API
 * renews it three times per minute.
 */
const LEASE = sql<Date>`clock_timestamp() + interval '1 minute'`;
const KEEP = sql<Date>`clock_timestamp() + interval '24 hours'`;
/** Each new request deletes up to this many expired rows: few at a time, but more than it adds. */
const SWEPT = 20;

/**
 * Stores responses for retries, shared by all processes. A response can be a credential:
 * `beginDiscordLink` returns a URL that links an account. So responses are encrypted.
 */
export function createIdempotentAnswers(deps: Deps) {
  const db = () => deps.database.sql();
  const releases = createReleases((claims) => releaseAll(db(), claims));
  return {
    claim: async (request: RepeatableRequest) => claim(deps, request, releases),
    renew: async (request: RepeatableRequest, claimed: string): Promise<void> => {
      await claimedRow(db(), request, claimed)
        .set({ leasedUntil: LEASE })
        .where('answer', 'is', null)
        .execute();
    },
    keep: async (request: RepeatableRequest, claimed: string, answer: string) =>
      persist(() => keep(deps, request, { claimed, answer })),
    release: async ({ caller, keyHash }: RepeatableRequest, claimed: string): Promise<void> =>
      releases.release({ caller, keyHash, claim: claimed }),
  };
}

async function claim(
  { database, keys }: Deps,
  request: RepeatableRequest,
  releases: Releases,
): Promise<Claim> {
  // Retries, because the conflicting claim may be released or deleted before it can be read.
  for (let tries = 0; tries < 5; tries += 1) {
    const claimed = uuidv7();
    try {
      if (await take(database.sql(), request, claimed)) return { kind: 'CLAIMED', claim: claimed };
    } catch (error) {
      const { caller, keyHash } = request;
      releases.makeSure({ caller, keyHash, claim: claimed });
      throw error;
    }
    const found = await find(database.sql(), request);
    if (found === null) continue;
    if (found.fingerprint !== request.fingerprint) return { kind: 'OTHER' };
    if (found.answer === null) return { kind: 'UNDER_WAY' };
    return {
      kind: 'ANSWERED',
      answer: await unpack(keys, request, found.answer),
    };
  }
  return { kind: 'UNDER_WAY' };
}

/**
 * Decrypts a stored response. Throws FAILED_PRECONDITION if the encryption key is lost, because the
 * request must not be carried out again.
 */
async function unpack(keys: KeyRing, request: RepeatableRequest, answer: string): Promise<string> {
  try {
    const packed = keys.decrypt(answer, answerContext(request));
    const text = await promisify(gunzip)(Buffer.from(packed, 'base64'));
    return text.toString('utf8');
  } catch (error) {
    if (!(error instanceof LostKeyError)) throw error;
    throw new InputError(
      'FAILED_PRECONDITION',
      'The request with this Idempotency-Key was carried out, but its stored response is unreadable. Query the current state instead.',
    );
  }
}

/** Claims the key. Returns false if another claim holds the key or a response is already stored. */
async function take(
  db: Db,
  { caller, keyHash, fingerprint }: RepeatableRequest,
  claimed: string,
): Promise<boolean> {
  const { rows } = await sql<{ claim: string }>`
    with swept as (
      delete from idempotent_request where (caller, key_hash) in (
        select caller, key_hash from idempotent_request
        where kept_until < clock_timestamp() and (caller, key_hash) <> (${caller}, ${keyHash})
        order by kept_until limit ${SWEPT} for update skip locked)
    )
    insert into idempotent_request as r (caller, key_hash, fingerprint, claim, leased_until, kept_until)
    values (${caller}, ${keyHash}, ${fingerprint}, ${claimed}, ${LEASE}, ${KEEP})
    on conflict (caller, key_hash) do update set
      fingerprint = excluded.fingerprint, claim = excluded.claim, leased_until = excluded.leased_until,
      kept_until = excluded.kept_until, answer = null
    where r.kept_until < clock_timestamp() or (r.answer is null and r.leased_until < clock_timestamp())
    returning claim`.execute(db);
  return rows.length > 0;
}

async function find(db: Db, { caller, keyHash }: RepeatableRequest) {
  const row = await db
    .selectFrom('idempotent_request')
    .select(['fingerprint', 'answer'])
    .where('caller', '=', caller)
    .where('keyHash', '=', keyHash)
    .executeTakeFirst();
  return row ?? null;
}

/** Starts an update of the request's row, which changes nothing if the claim was lost. */
const claimedRow = (db: Db, { caller, keyHash }: RepeatableRequest, claimed: string) =>
  db
    .updateTable('idempotent_request')
    .where('caller', '=', caller)
    .where('keyHash', '=', keyHash)
    .where('claim', '=', claimed);

/**
 * Stores the response. Does nothing if the claim was lost: another process then carries out the
 * request.
 */
async function keep(
  { database, keys }: Deps,
  request: RepeatableRequest,
  { claimed, answer }: { readonly claimed: string; readonly answer: string },
): Promise<void> {
  const packed = await promisify(gzip)(answer);
  const text = keys.encrypt(packed.toString('base64'), answerContext(request));
  await claimedRow(database.sql(), request, claimed)
    .set({ answer: text, keptUntil: KEEP })
    .execute();
}

async function releaseAll(db: Db, claims: readonly HeldKey[]): Promise<void> {
  await sql`
    delete from idempotent_request r
    using unnest(${claims.map(({ caller }) => caller)}::text[], ${claims.map(({ keyHash }) => keyHash)}::text[],
      ${claims.map((each) => each.claim)}::uuid[]) as h (caller, key_hash, claim)
    where r.caller = h.caller and r.key_hash = h.key_hash and r.claim = h.claim and r.answer is null`.execute(
    db,
  );
}

export const answerContext = ({ caller, keyHash }: Pick<RepeatableRequest, 'caller' | 'keyHash'>) =>
  `answer to ${keyHash} of ${caller}`;

/** A key and the claim that holds it. */
export interface HeldKey {
  readonly caller: string;
  readonly keyHash: string;
  readonly claim: string;
}

export interface Releases {
  /** Rejects if no response arrives; the release is then retried, as by `makeSure`. */
  release(key: HeldKey): Promise<void>;
  /** Releases a key whose claim may have succeeded, or may still succeed. */
  makeSure(key: HeldKey): void;
}

const EVERY_MS = 1_000;
/** The length of a claim's lease. After it, the key is free anyway. */
const FOR_MS = 60_000;

/**
 * Releases keys whose claim or release got no response. A claim may reach the database after its
 * release, so the key is released repeatedly until the claim's lease has passed.
 */
export function createReleases(releaseAll: (keys: readonly HeldKey[]) => Promise<void>): Releases {
  const unsure = new Map<HeldKey, number>();
  let isAtWork = false;
  const work = async () => {
    await releaseAll([...unsure.keys()]).catch(() => undefined);
    for (const [key, untilMs] of unsure) if (performance.now() > untilMs) unsure.delete(key);
    isAtWork = unsure.size > 0;
    if (isAtWork) setTimeout(() => void work(), EVERY_MS).unref();
  };
  const makeSure = (key: HeldKey) => {
    unsure.set(key, performance.now() + FOR_MS);
    if (isAtWork) return;
    isAtWork = true;
    void work();
  };
  return {
    async release(key) {
      try {
        await releaseAll([key]);
      } catch (error) {
        makeSure(key);
        throw error;
      }
    },
    makeSure,
  };
}

/** Runs `work`. If the first attempt fails, rejects at once and retries in the background. */
export async function persist(work: () => Promise<void>): Promise<void> {
  const untilMs = performance.now() + FOR_MS;
  const retry = () => {
    if (performance.now() > untilMs) return;
    setTimeout(() => void work().catch(retry), EVERY_MS).unref();
  };
  try {
    await work();
  } catch (error) {
    retry();
    throw error;
  }
}
