import {
  MikroKyselyPlugin,
  MikroORM,
  SchemaGenerator,
  type EntityManager,
} from '@mikro-orm/postgresql';
import { Migrator } from '@mikro-orm/migrations';
import { RawNode, type PluginTransformQueryArgs, type RootOperationNode } from 'kysely';
import type { ClientBase, Pool } from 'pg';

import {
  createCutter,
  giveBackTheDead,
  ImpatientClient,
  KEEP_ALIVE,
  NOTICE_DEAD_CLIENTS,
} from './heartbeat.js';
import type { Logger } from '../../lib/logger.js';
import type { RequestScope } from '../../lib/request-scope.js';
import { readAddress } from './address.js';
import { keepAway, reportUnreachable, translateAway } from './away.js';
import { createPoolEnd } from './end-pool.js';
import { ENTITIES, type Db, type Schema } from '../entities/entities.js';
import { PostgresNames } from '../entities/postgres-names.js';
import { MIGRATIONS } from '../migrations/list.js';
import { observePool, type Connections, type OnStatement } from './observe-pool.js';
import { openReadPool, readSettings, readShareOf } from './read-pool.js';
import { createReadShare, READ_TIMING, type ReadShare, type ReadTiming } from './read-share.js';
import { createPipeline, type Pipeline } from './pipeline.js';
import { createAskers, type Asker, type Askers } from './together.js';

/** A transaction on one connection. Use `em` for single rows and `sql` for sets of rows. */
export interface Transaction {
  readonly em: EntityManager;
  readonly sql: Db;
}

export interface Database extends Askers {
  /** Runs single statements outside a transaction. */
  sql(): Db;
  /**
   * Runs `work` in a transaction. Retries it after a deadlock or serialization failure, so `work`
   * must have no effects outside the database.
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** Like `transaction`, but statements started together share one round trip: see pipeline.ts. */
  readonly pipeline: Pipeline;
  /** Runs reads that may be slow and whose rows are only displayed: see read-share.ts. */
  readonly reads: Asker;
  readonly orm: MikroORM;
  connections(): Connections;
  /**
   * Closes every open connection at once when the server no longer responds. The pool opens new
   * ones as needed.
   */
  readonly cutAll: () => void;
  close(): Promise<void>;
}

const TRIES = 5;

interface DatabaseOptions {
  readonly url: string;
  readonly poolSize: number;
  readonly logger: Logger;
  readonly onStatement?: OnStatement;
  /**
   * Called with a description when a connection or statement fails because of the database itself.
   */
  readonly onOutage?: (words: string) => void;
  /** Returns the request that a read belongs to; null outside a request. */
  readonly scope?: () => RequestScope | null;
  readonly readTiming?: Partial<ReadTiming>;
}

export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const observe = observerOf(options);
  const { orm, plain, pool } = await openOrm(options, observe);
  const pipeline = createPipeline(pool, plain);
  const endPool = createPoolEnd(pool);
  const reads = openReads(pool, options, observe);
  return {
    orm,
    ...createAskers(pool),
    reads: reads.share.asker,
    sql: () => plain,
    transaction: (work) =>
      retried(() => orm.em.fork().transactional((em) => work({ em, sql: kyselyOf(em) }))),
    pipeline: (...of) => retried(() => pipeline(...of)),
    connections: () => connectionsOf(pool, reads.pool),
    cutAll: cutterOf(pool, reads.pool),
    close: async () => {
      // Reads stop first, because cancelling them uses the pool's connections.
      await reads.stop();
      // Does not call `orm.close()`, after which statements would fail with Kysely's own errors.
      await endPool();
    },
  };
}

async function openOrm(
  { url, poolSize, logger }: DatabaseOptions,
  observe: (made: Pool) => void,
): Promise<{ readonly orm: MikroORM; readonly plain: Db; readonly pool: Pool }> {
  const pools: Pool[] = [];
  const address = readAddress(url);
  const orm = await MikroORM.init({
    dbName: address.database ?? '',
    entities: [...ENTITIES],
    namingStrategy: PostgresNames,
    extensions: [Migrator, SchemaGenerator],
    // Triggers and functions are defined only in the migration's SQL.
    schemaGenerator: { ignoreTriggers: true, ignoreRoutines: true },
    migrations: {
      tableName: 'migration',
      migrationsList: [...MIGRATIONS],
      snapshot: false,
    },
    pool: { min: 0, max: poolSize },
    driverOptions: {
      ...address,
      ...KEEP_ALIVE,
      Client: ImpatientClient,
      // pipeline.ts and together.ts need this option. Callers that await each statement notice no
      // difference.
      pipeline: true,
      onConnect: compileNothing,
      onPoolCreated: (made: Pool) => {
        pools.push(made);
        observe(made);
      },
    },
    forceUtcTimezone: true,
    logger: (message) => logger.debug(message),
    colors: false,
  });
  keepAway(orm);
  // Creates the pool. The instance can be shared, because it holds no state outside a transaction.
  const plain = kyselyOf(orm.em.fork());
  const [pool] = pools;
  if (!pool) throw new Error('MikroORM created no pool');
  return { orm, plain, pool };
}

/**
 * Runs once per connection. Without `jit = off`, PostgreSQL would compile statements over thousands
 * of rows at each execution, which takes longer than running them.
 */
export const COMPILE_NOTHING = `set jit = off; ${NOTICE_DEAD_CLIENTS}`;

const compileNothing = async (client: ClientBase) => client.query(COMPILE_NOTHING);

const nowMs = () => performance.now();

function observerOf({
  onStatement,
  onOutage = () => undefined,
}: Pick<DatabaseOptions, 'onStatement' | 'onOutage'>): (made: Pool) => void {
  return (made) => {
    giveBackTheDead(made);
    reportUnreachable(made, onOutage);
    if (onStatement) observePool(made, { onStatement, nowMs });
  };
}

function openReads(
  pool: Pool,
  options: DatabaseOptions,
  observe: (made: Pool) => void,
): { readonly pool: Pool; readonly share: ReadShare; readonly stop: () => Promise<void> } {
  const { poolSize, scope = () => null, readTiming } = options;
  const timing = { ...READ_TIMING, ...readTiming };
  const most = readShareOf(poolSize);
  const { statementMs } = timing;
  const settings = readSettings(statementMs);
  const readPool = openReadPool(pool, { most, settings });
  observe(readPool);
  const endPool = createPoolEnd(readPool);
  const cancel = async (processId: number) =>
    pool.query('select pg_cancel_backend($1)', [processId]);
  const share = createReadShare({
    pool: readPool,
    most,
    cancel,
    scope,
    timing,
  });
  const stop = async () => {
    share.stop();
    await endPool();
  };
  return { pool: readPool, share, stop };
}

function cutterOf(...pools: readonly Pool[]): () => void {
  const cutters = pools.map(createCutter);
  return () => {
    for (const cut of cutters) cut();
  };
}

function connectionsOf(...pools: readonly Pool[]): Connections {
  const sum = (count: (pool: Pool) => number) =>
    pools.reduce((total, pool) => total + count(pool), 0);
  return {
    used: sum(({ totalCount, idleCount }) => totalCount - idleCount),
    idle: sum(({ idleCount }) => idleCount),
    waiting: sum(({ waitingCount }) => waitingCount),
  };
}

function kyselyOf(em: EntityManager): Db {
  return em.getKysely<Schema>().withPlugin(new BuiltQueries(em, PROPERTIES));
}

const PROPERTIES = { columnNamingStrategy: 'property', convertValues: true } as const;

/**
 * Lets built queries use the entities' property names. Raw `sql` is not transformed, because that
 * would take longer than building the query; so raw `sql` cannot contain built queries. Do not
 * alias a table in an update or delete: the plugin does not know such aliases.
 */
class BuiltQueries extends MikroKyselyPlugin {
  override transformQuery(args: PluginTransformQueryArgs): RootOperationNode {
    return RawNode.is(args.node) ? args.node : super.transformQuery(args);
  }
}

async function retried<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (tries >= TRIES || !isConflictOfTransactions(error)) throw translateAway(error);
    }
  }
}

/** 40P01 deadlock detected, 40001 serialisation failure. */
function isConflictOfTransactions(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === '40P01' || code === '40001';
}
