import { CHANGES, type Upserts } from './api-upserts.js';
import { verdict, type Answer, type Row } from './bench.js';
import type { LoadFigures } from './http-load.js';
import { rounded } from './quantiles.js';

export const PEOPLE = 5_000;
export const CONNECTIONS = 16;
const AIMS = { ofSql: 0.6, ofConstants: 0.7, upserts: 4 };

export type Beside = 'apollo' | 'yoga' | 'sql';
type Answerer = Beside | 'connector';

export interface Measured {
  readonly what: string;
  readonly figures: Readonly<Partial<Record<Answerer, LoadFigures>>>;
  /**
   * The connector's rate relative to each of the others, computed per round, so that other work on
   * the machine slows both alike.
   */
  readonly ratios: Readonly<Partial<Record<Beside, number>>>;
}

export function report(measured: readonly Measured[], upserts: Upserts): Answer {
  const [one, page, repeated] = measured;
  const ofSql = [one, page].map((each) => each?.ratios.sql ?? 0);
  const { apollo = 0, yoga = 0 } = repeated?.ratios ?? {};
  // The connector is compared with the slower of the two, which it comes closer to.
  const ofSlower = Math.max(apollo, yoga);
  const ofMore = one && repeated ? ofWhatIsRead(one, repeated) : 0;
  return {
    rows: [
      ...measured.map((each) =>
        // A request reads a person once, even if it contains them thirty times.
        rowOf(each, each.figures.sql ?? one?.figures.sql),
      ),
      upsertRow(upserts),
    ],
    notes: [
      `${CONNECTIONS} connections, each asking again when it is answered; ${PEOPLE} people with five roles and five groups each; every answerer a process of its own,`,
      'started with the flags of `npm run start:api`; PostgreSQL durable, on the same machine as all of them. Medians of the rounds, ratios of each round by itself.',
      '“same SQL”: a bare HTTP handler that sends the connector’s own statements and writes the same JSON. “Apollo”, “Yoga”: bare servers that resolve',
      'the same shape from constants, without any SQL. 30 times in a request: the data are read once, so that mostly GraphQL is compared;',
      `without that reading, what 29 more of one person take is at ${rounded(ofMore)} of the slower of the two (a difference of rates, so it wavers).`,
      '“of both”: beside one that first sends that SQL and then does what the bare Apollo does, which is as fast as Apollo could be with it.',
      verdict(
        `at least ${AIMS.ofSql} of the same SQL behind a bare handler`,
        ofSql.map(rounded).join(' and '),
        ofSql.every((ratio) => ratio >= AIMS.ofSql),
      ),
      verdict(
        `at least ${AIMS.ofConstants} of the slower of Apollo and Yoga where the data are read once`,
        rounded(ofSlower),
        ofSlower >= AIMS.ofConstants,
      ),
      verdict(
        `${CHANGES.toLocaleString('en-GB')} membership changes in one mutation within ${AIMS.upserts} times the bare upsert`,
        `${upserts.ratio} times`,
        upserts.ratio <= AIMS.upserts,
      ),
    ],
  };
}

/**
 * The time to repeat data that a request has already read (that of the repeated request without
 * that of the single one): the slower of Apollo and Yoga relative to the connector.
 */
function ofWhatIsRead(one: Measured, repeated: Measured): number {
  const moreOf = (name: Answerer) =>
    1 / (repeated.figures[name]?.perSecond ?? 0) - 1 / (one.figures[name]?.perSecond ?? 0);
  const slower = Math.max(moreOf('apollo'), moreOf('yoga'));
  return slower / moreOf('connector');
}

function rowOf({ what, figures, ratios }: Measured, read: LoadFigures | undefined): Row {
  const { connector, sql, apollo, yoga } = figures;
  const perSecond = (name: string, of: LoadFigures | undefined) =>
    of && { [`${name} req/s`]: Math.round(of.perSecond) };
  return {
    what,
    ...perSecond('connector', connector),
    'p99 ms': connector?.p99 ?? 0,
    ...perSecond('same SQL', sql),
    ...(sql && { 'its p99 ms': sql.p99 }),
    ...perSecond('Apollo', apollo),
    ...perSecond('Yoga', yoga),
    ...(ratios.sql !== undefined && { 'of SQL': ratios.sql }),
    ...(read && apollo && connector && { 'of both': ofBoth({ connector, sql: read, apollo }) }),
    'of Apollo': ratios.apollo ?? 0,
    'of Yoga': ratios.yoga ?? 0,
  };
}

/** One core does both for a request, one after the other. */
function ofBoth({
  connector,
  sql,
  apollo,
}: Readonly<Record<'connector' | 'sql' | 'apollo', LoadFigures>>): number {
  const perSecond = 1 / (1 / sql.perSecond + 1 / apollo.perSecond);
  return rounded(connector.perSecond / perSecond);
}

const upsertRow = ({ mutationMs, bareMs, ratio }: Upserts): Row => ({
  what: `${CHANGES} membership changes: ${mutationMs} ms, bare upsert ${bareMs} ms`,
  'times the upsert': ratio,
});
