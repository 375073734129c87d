import { isDeepStrictEqual } from 'node:util';

import { dataOf, requestOf } from './support/api-asking.js';
import {
  startApi,
  startBare,
  stockPeople,
  type Answerer,
} from './support/api-stage.js';
import {
  CHANGES,
  measureUpserts,
  type Upserts,
} from './support/api-upserts.js';
import { numbers } from './support/bench-guilds.js';
import { verdict, type Answer, type Bench, type Row } from './support/bench.js';
import type { BenchWorld } from './support/bench-world.js';
import { loadWith, type LoadFigures } from './support/http-load.js';
import { median, rounded } from './support/quantiles.js';

export const api: Bench = {
  name: 'api',
  question: 'what does GraphQL cost beside its data?',
  answer,
};

const PEOPLE = 5_000;
const CONNECTIONS = 16;
const AIMS = { ofSql: 0.6, ofConstants: 0.7, upserts: 4 };

const USER = `id discordUserId username displayName nickname state roles { id name }
  platformUser { id username groups { id name } }`;

interface Case {
  readonly what: string;
  readonly body: { readonly query: string; readonly variables: object };
  readonly besides: readonly Beside[];
}
type Beside = 'apollo' | 'yoga' | 'sql';
type Answerers = Readonly<Record<Beside | 'connector', Answerer>>;

const casesOf = (clientId: string, id: string): readonly Case[] => [
  {
    what: 'discordUser by id',
    body: {
      query: `query ($id: ID!) { discordUser(id: $id) { ${USER} } }`,
      variables: { id },
    },
    besides: ['sql', 'apollo', 'yoga'],
  },
  {
    what: '50 discordUsers',
    body: {
      query: `query ($clientId: ID!) { discordUsers(clientId: $clientId, first: 50) { nodes { ${USER} } pageInfo { hasNextPage } } }`,
      variables: { clientId },
    },
    besides: ['sql', 'apollo', 'yoga'],
  },
  {
    what: 'one discordUser 30 times in a request',
    body: {
      query: `query ($id: ID!) { ${numbers(30)
        .map((n) => `u${n}: discordUser(id: $id) { ${USER} }`)
        .join(' ')} }`,
      variables: { id },
    },
    besides: ['apollo', 'yoga'],
  },
];

async function answer(world: BenchWorld): Promise<Answer> {
  const postgres = await world.postgres();
  const databaseUrl = await postgres.createDatabase('api');
  const { clientId, linkId } = await stockPeople(databaseUrl, PEOPLE);
  const connector = await startApi(await world.service(), databaseUrl);
  const cases = casesOf(clientId, linkId);
  const started: Answerer[] = [connector];
  try {
    const answerers = await startBesides(
      connector,
      databaseUrl,
      cases,
      started,
    );
    const measured: Measured[] = [];
    for (const each of cases)
      measured.push(await measure(each, answerers, world.isQuick));
    const upserts = await measureUpserts(
      databaseUrl,
      connector.port,
      world.isQuick,
    );
    return report(measured, upserts);
  } finally {
    for (const each of started) await each.stop();
  }
}

async function startBesides(
  connector: Answerer,
  databaseUrl: string,
  cases: readonly Case[],
  started: Answerer[],
): Promise<Answerers> {
  const [one, page] = await Promise.all(
    cases.slice(0, 2).map(async ({ body }) => dataOf(connector.port, body)),
  );
  const constants = { ...one, ...page };
  const start = async (kind: Beside) => {
    const { discordUser, discordUsers } = constants;
    const bare = await startBare({
      kind,
      databaseUrl,
      discordUser,
      discordUsers,
    });
    started.push(bare);
    return bare;
  };
  const answerers = {
    connector,
    sql: await start('sql'),
    apollo: await start('apollo'),
    yoga: await start('yoga'),
  };
  for (const { what, body, besides } of cases)
    for (const beside of besides)
      await expectTheSame(what, body, [connector, answerers[beside]]);
  return answerers;
}

/** Else they would be compared at different work. */
async function expectTheSame(
  what: string,
  body: object,
  [one, other]: readonly [Answerer, Answerer],
): Promise<void> {
  const answers = [
    await dataOf(one.port, body),
    await dataOf(other.port, body),
  ];
  if (!isDeepStrictEqual(answers[0], answers[1]))
    throw new Error(`${what}: the answers differ: ${JSON.stringify(answers)}`);
}

interface Measured {
  readonly what: string;
  readonly figures: Readonly<Partial<Record<keyof Answerers, LoadFigures>>>;
  /** The connector's rate to the others', of each round by itself: what else the machine does then slows both. */
  readonly ratios: Readonly<Partial<Record<Beside, number>>>;
}

async function measure(
  { what, body, besides }: Case,
  answerers: Answerers,
  isQuick: boolean,
): Promise<Measured> {
  const names = ['connector', ...besides] as const;
  const rounds = new Map<keyof Answerers, LoadFigures[]>();
  const load = async (name: keyof Answerers, seconds: number) =>
    loadWith(requestOf(answerers[name].port, body), {
      connections: CONNECTIONS,
      seconds,
    });
  for (const name of names) await load(name, isQuick ? 1 : 2);
  for (let round = 0; round < (isQuick ? 1 : 3); round += 1)
    for (const name of names) {
      const figures = await load(name, isQuick ? 2 : 3);
      rounds.set(name, [...(rounds.get(name) ?? []), figures]);
    }
  const ofAll = (name: keyof Answerers) => rounds.get(name) ?? [];
  const figures = names.map((name) => [
    name,
    {
      perSecond: median(ofAll(name).map((one) => one.perSecond)),
      p99: median(ofAll(name).map((one) => one.p99)),
    },
  ]);
  const ratios = besides.map((name) => [
    name,
    median(
      ofAll('connector').map(
        (one, round) => one.perSecond / (ofAll(name)[round]?.perSecond ?? 0),
      ),
    ),
  ]);
  return {
    what,
    figures: Object.fromEntries(figures),
    ratios: Object.fromEntries(ratios),
  };
}

function report(measured: readonly Measured[], upserts: Upserts): Answer {
  const [one, page, repeated] = measured;
  const ofSql = [one, page].map((each) => each?.ratios.sql ?? 0);
  const { apollo = 0, yoga = 0 } = repeated?.ratios ?? {};
  // The slower of the two is the one that the connector comes closer to.
  const ofSlower = Math.max(apollo, yoga);
  return {
    rows: [...measured.map(rowOf), upsertRow(upserts)],
    notes: [
      `${CONNECTIONS} connections, each asking again when it is answered; ${PEOPLE} people with five roles and five groups each; every answerer a process of its own,`,
      'started with the flags of `npm start`; PostgreSQL durable, on the same machine as all of them. Medians of the rounds, ratios of each round by itself.',
      '“same SQL”: a bare HTTP handler that sends the connector’s own statements and writes the same JSON. “Apollo”, “Yoga”: bare servers that resolve',
      'the same shape from constants, without any SQL. 30 times in a request: the data are read once, so that mostly GraphQL is compared.',
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

function rowOf({ what, figures, ratios }: Measured): Row {
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
    'of Apollo': ratios.apollo ?? 0,
    'of Yoga': ratios.yoga ?? 0,
  };
}

const upsertRow = ({ mutationMs, bareMs, ratio }: Upserts): Row => ({
  what: `${CHANGES} membership changes: ${mutationMs} ms, bare upsert ${bareMs} ms`,
  'times the upsert': ratio,
});
