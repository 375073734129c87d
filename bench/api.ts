import { isDeepStrictEqual } from 'node:util';

import { dataOf, requestOf } from './support/api-asking.js';
import { CONNECTIONS, PEOPLE, report, type Beside, type Measured } from './support/api-report.js';
import { startApi, startBare, stockPeople, type Answerer } from './support/api-stage.js';
import { measureUpserts } from './support/api-upserts.js';
import { numbers } from './support/bench-guilds.js';
import type { Answer, Bench } from './support/bench.js';
import type { BenchWorld } from './support/bench-world.js';
import { loadWith, type LoadFigures } from './support/http-load.js';
import { median } from './support/quantiles.js';

export const api: Bench = {
  name: 'api',
  question: 'what does GraphQL cost beside its data?',
  answer,
};

const USER = `id discordUserId username displayName nickname state roles { id name }
  platformUser { id username groups { id name } }`;

interface Case {
  readonly what: string;
  readonly body: { readonly query: string; readonly variables: object };
  readonly besides: readonly Beside[];
}
/**
 * Many short turns: a machine that is busy with other work for a second spoils one of them, and
 * leaves the median unchanged.
 */
const TURNS = {
  full: { turns: 9, seconds: 1.5 },
  quick: { turns: 1, seconds: 2 },
};

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
    const answerers = await startBesides(connector, databaseUrl, cases, started);
    const measured: Measured[] = [];
    for (const each of cases) measured.push(await measure(each, answerers, world.isQuick));
    const upserts = await measureUpserts(databaseUrl, connector.port, world.isQuick);
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
    for (const beside of besides) await expectTheSame(what, body, [connector, answerers[beside]]);
  return answerers;
}

/** Rejects different answers: their rates would measure different work. */
async function expectTheSame(
  what: string,
  body: object,
  [one, other]: readonly [Answerer, Answerer],
): Promise<void> {
  const answers = [await dataOf(one.port, body), await dataOf(other.port, body)];
  if (!isDeepStrictEqual(answers[0], answers[1]))
    throw new Error(`${what}: the answers differ: ${JSON.stringify(answers)}`);
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
  const { turns, seconds } = isQuick ? TURNS.quick : TURNS.full;
  for (let turn = 0; turn < turns; turn += 1)
    for (const name of names) {
      const figures = await load(name, seconds);
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
      ofAll('connector').map((one, round) => one.perSecond / (ofAll(name)[round]?.perSecond ?? 0)),
    ),
  ]);
  return {
    what,
    figures: Object.fromEntries(figures),
    ratios: Object.fromEntries(ratios),
  };
}
