import { sql, type Kysely } from 'kysely';

import type { ClientId, LinkId, MappingId } from '../../model.js';

/**
 * What was read of roles where Discord has the say is forgotten, so that the next reading is the
 * first again: a union, that asks to remove nobody. To be called after the members concerned were
 * marked: a run that settles at this moment has their jobs locked, and what it wrote is there to be
 * forgotten when this gets to it.
 */
export async function forgetReadingsOfMapping(
  db: Kysely<unknown>,
  mappingId: MappingId,
): Promise<void> {
  await sql`delete from remote_membership where mapping_id = ${mappingId}`.execute(db);
}

/** Of the mappings that follow the client's own authority. */
export async function forgetReadingsOfClient(
  db: Kysely<unknown>,
  clientId: ClientId,
): Promise<void> {
  await sql`
    delete from remote_membership r using role_mapping m
    where m.id = r.mapping_id and m.client_id = ${clientId} and m.authority is null`.execute(db);
}

export async function forgetReadingsOfLinks(
  db: Kysely<unknown>,
  linkIds: readonly LinkId[],
): Promise<void> {
  await sql`delete from remote_membership where link_id = any(${linkIds}::uuid[])`.execute(db);
}
