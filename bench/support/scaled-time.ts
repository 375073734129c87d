/** `--real`, or BENCH_REAL=1: Discord's windows are as long as they are. */
const isReal = process.argv.includes('--real') || process.env['BENCH_REAL'] === '1';

/** Of Discord's write buckets, as the sandbox has them. */
const WINDOW_MS = 10_000;

/** Discord's windows made shorter, and with them every margin and limit that belongs to them. */
export interface ScaledTime {
  readonly factor: number;
  readonly windowMs: number;
  /** What would have been seen with windows as long as they are, to a tenth of a second. */
  readonly unscaledSeconds: (tookMs: number) => number;
  readonly note: string;
}

export function scaledTime(asked: number): ScaledTime {
  const factor = isReal ? 1 : asked;
  return {
    factor,
    windowMs: WINDOW_MS * factor,
    unscaledSeconds: (tookMs) => Math.round(tookMs / factor / 100) / 10,
    note: isReal
      ? "The sandbox Discord's own limits, at real speed."
      : `The sandbox Discord's own limits, with windows, margins and the global limit ${1 / factor} times shorter (--real: as they are). Seconds are unscaled, so this machine's own work counts ${1 / factor} times in them.`,
  };
}
