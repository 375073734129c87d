import pg from 'pg';
import { afterEach, beforeEach } from 'vitest';

import { DEMO } from '../../services/demo/demo-world.js';
import { cause } from '../builders/store-world.js';
import type { TestDatabase } from './database.js';
import { mapDemoGroups, startRig, type Rig } from './rig.js';
import { createMigratedDatabase } from './store.js';

type Person = keyof typeof DEMO.accounts;

/** A rig for each test, with the demo's groups mapped, and the queries that path tests share. */
export function usePath(options: Parameters<typeof startRig>[1] = {}) {
  let database: TestDatabase;
  let rig: Rig;
  let mappingIds: readonly string[];

  beforeEach(async () => {
    database = await createMigratedDatabase();
    rig = await startRig(database.url, options);
    mappingIds = await mapDemoGroups(rig);
  });

  afterEach(async () => {
    await rig.stop();
    await database.drop();
  });

  async function query<Row extends pg.QueryResultRow>(text: string): Promise<Row[]> {
    const direct = new pg.Client({ connectionString: database.url });
    await direct.connect();
    const { rows } = await direct.query<Row>(text);
    await direct.end();
    return rows;
  }

  return {
    rig: () => rig,
    query,
    databaseUrl: () => database.url,
    mappingIds: () => mappingIds,
    /** Links, waits for the first run, and resets the recorded calls. */
    async link(name: Person, discordUserId: string = DEMO.accounts[name]): Promise<string> {
      const { linkId } = await rig.store.links.linkMember({
        clientId: rig.clientId,
        platformUserId: name,
        discordUserId,
        cause,
      });
      await rig.quiet();
      rig.discord.calls.reset();
      return linkId;
    },
    async stateOf(name: Person) {
      const found = await rig.store.read.findLinkByPlatformUser(rig.clientId, name);
      return found && { state: found.state, reason: found.reason };
    },
    async client() {
      const [found] = await rig.store.clients.findClients([rig.clientId]);
      return found;
    },
    /** Ends the client's pause. */
    expirePause: () => query('update client set paused_until = now()'),
    /**
     * Moves the first answer that an account is not in the guild one minute back, and makes all
     * absent members due.
     */
    async passMinuteOfAbsence(): Promise<void> {
      await query("update member set absent_since = absent_since - interval '1 minute'");
      await query('update reconcile_job set due_at = now(), is_parked = false');
      await rig.restart();
      await rig.quiet();
    },
    /** Audit records, newest first. */
    async records() {
      const { rows } = await rig.store.read.pageAuditRecords(
        { clientId: rig.clientId },
        { limit: 100, after: null },
      );
      return rows;
    },
  };
}
