import type { BenchWorld } from './bench-world.js';

/** One question with its table. */
export interface Bench {
  readonly name: string;
  readonly question: string;
  answer(world: BenchWorld): Promise<Answer>;
}

/** The keys of the rows are the columns; the first one says what was measured. */
export interface Answer {
  readonly rows: readonly Row[];
  /** How it was measured, and whether the aim was met. */
  readonly notes: readonly string[];
}

export type Row = Readonly<Record<string, string | number>>;

export function verdict(aim: string, actual: string | number, isMet: boolean): string {
  return `Aim: ${aim}. ${isMet ? 'Met' : 'MISSED'}: ${actual}.`;
}
