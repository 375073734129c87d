import { setTimeout as sleep } from 'node:timers/promises';

import type { AnswerCutter } from '../../support/answer-cutter.js';
import { patienceMs } from '../../support/eventually.js';
import { shortTiming } from './world.js';

/** What is done to a world when a statement comes by; resolves when it is over. */
export type Fault = (cutter: AnswerCutter, statement: string) => Promise<void>;

export const loseAnswer: Fault = async (cutter, statement) => {
  await cutter.cutAfter(statement);
};

export const pauseAfter: Fault = async (cutter, statement) => {
  await cutter.pauseAfter(statement);
  await sleep(shortTiming().pauseMs);
  cutter.resume();
};

interface Faulty {
  readonly cutter: AnswerCutter;
  stop(): Promise<void>;
}

/** What is done, and what has to be true in the end. */
export type Story<World> = (world: World) => Promise<void>;

/** So many worlds share the statements among them, as most of the time goes into waiting. */
const WORLDS = 6;

/**
 * Plays a story undisturbed, and then once for each statement that went over, with that fault when
 * it first comes by. Resolves with the statements that came by again. A new one needs no change
 * here.
 */
export async function playWithFaults<World extends Faulty>(request: {
  readonly createWorld: () => Promise<World>;
  readonly story: Story<World>;
  readonly fault: Fault;
  /** Statements that are left alone. */
  readonly except?: readonly string[];
}): Promise<readonly string[]> {
  const { createWorld, story, fault, except = [] } = request;
  const worlds = await Promise.all(Array.from({ length: WORLDS }, createWorld));
  try {
    const [statements = []] = await Promise.all(worlds.map((world) => statementsOf(world, story)));
    const left = statements.filter((each) => !except.includes(each));
    const struck: string[] = [];
    await Promise.all(
      worlds.map(async (world) => {
        for (let next = left.shift(); next; next = left.shift())
          if (await playOnce(world, { story, fault, statement: next })) struck.push(next);
      }),
    );
    return struck;
  } finally {
    await Promise.all(worlds.map((world) => world.stop()));
  }
}

export async function statementsOf<World extends Faulty>(
  world: World,
  story: Story<World>,
): Promise<readonly string[]> {
  // What is read once and kept is read before.
  await story(world);
  world.cutter.forget();
  world.cutter.dropConnections();
  await story(world);
  return world.cutter.statements();
}

/** False: the statement did not come by, as some do only when two things happen at one moment. */
async function playOnce<World extends Faulty>(
  world: World,
  {
    story,
    fault,
    statement,
  }: {
    readonly story: Story<World>;
    readonly fault: Fault;
    readonly statement: string;
  },
): Promise<boolean> {
  try {
    let hasHappened = false;
    const happens = fault(world.cutter, statement).then(() => {
      hasHappened = true;
    });
    // Some are only sent on a new connection.
    world.cutter.dropConnections();
    await story(world);
    await Promise.race([happens, sleep(repeatedWithinMs())]);
    return hasHappened;
  } catch (error) {
    throw new Error(`after the fault at: ${statement}`, { cause: error });
  }
}

/** What is sent again and again comes by within this. */
const repeatedWithinMs = () => patienceMs() / 60;
