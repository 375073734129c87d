/**
 * The state of a circuit breaker, which trips when a guild refuses too many calls.
 * In: whether each answer was a refusal. Out: the next state.
 * The breaker is healthy until at least ten answers have arrived and more than a fifth of them are
 * refusals. It is then tripped until its client has been paused. After that it is on probation
 * until ten new answers show whether it is healthy or trips again.
 */
export interface Health {
  readonly state: 'HEALTHY' | 'TRIPPED' | 'PROBATION';
  /** Answers in the last ten minutes and since the last pause, oldest first. */
  readonly slices: readonly Slice[];
}

interface Slice {
  readonly fromMs: number;
  readonly answers: number;
  readonly refusals: number;
}

export const HEALTHY: Health = { state: 'HEALTHY', slices: [] };

const FEWEST_ANSWERS = 10;
const MOST_REFUSED = 0.2;
const WINDOW_MS = 600_000;
/** Length of a slice. The answers of a slice expire together. */
const SLICE_MS = 10_000;

export function afterAnswer(health: Health, isRefusal: boolean, now: number): Health {
  const slices = withAnswer(health.slices, isRefusal, now);
  const { answers, refusals } = sumSlices({ ...health, slices });
  if (answers < FEWEST_ANSWERS) return { ...health, slices };
  const isHealthy = refusals <= MOST_REFUSED * answers;
  return { state: isHealthy ? 'HEALTHY' : 'TRIPPED', slices };
}

/** Moves a tripped breaker to probation after the pause of its client; null if it was not tripped. */
export function afterPause({ state }: Health): Health | null {
  return state === 'TRIPPED' ? { state: 'PROBATION', slices: [] } : null;
}

export function sumSlices({ slices }: Health): Pick<Slice, 'answers' | 'refusals'> {
  return slices.reduce(
    (sum, slice) => ({
      answers: sum.answers + slice.answers,
      refusals: sum.refusals + slice.refusals,
    }),
    { answers: 0, refusals: 0 },
  );
}

function withAnswer(slices: readonly Slice[], isRefusal: boolean, now: number): readonly Slice[] {
  const recent = slices.filter(({ fromMs }) => fromMs > now - WINDOW_MS);
  const last = recent.at(-1);
  const isNew = last === undefined || now - last.fromMs >= SLICE_MS;
  const current = isNew ? { fromMs: now, answers: 0, refusals: 0 } : last;
  const counted = {
    ...current,
    answers: current.answers + 1,
    refusals: current.refusals + (isRefusal ? 1 : 0),
  };
  return [...(isNew ? recent : recent.slice(0, -1)), counted];
}
