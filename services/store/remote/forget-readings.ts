import { sql } from 'kysely';

import type { Db } from '../entities/entities.js';
import type { ClientId, LinkId, MappingId } from '../../model.js';

/**
 * Forgets the readings of roles under authority DISCORD, so that the next reading is the first
 * again: it merges both sides and requests no removal. Call it after the members were marked: a run
 * that is settling has their jobs locked, so its readings are written before this deletes them.
 */
export async function forgetReadingsOfMapping(db: Db, mappingId: MappingId): Promise<void> {
  await sql`delete from remote_membership where mapping_id = ${mappingId}`.execute(db);
}

/** For the mappings that follow the client's own authority. */
export async function forgetReadingsOfClient(db: Db, clientId: ClientId): Promise<void> {
  await sql`
    delete from remote_membership r using role_mapping m
    where m.id = r.mapping_id and m.client_id = ${clientId} and m.authority is null`.execute(db);
}

export async function forgetReadingsOfLinks(db: Db, linkIds: readonly LinkId[]): Promise<void> {
  await sql`delete from remote_membership where link_id = any(${linkIds}::uuid[])`.execute(db);
}
