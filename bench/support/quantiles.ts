/** In milliseconds, to a hundredth. */
export interface Quantiles {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** By rank, without interpolation: every figure is one that was seen. */
export function quantiles(values: readonly number[]): Quantiles {
  const at = (share: number) => rounded(quantile(values, share));
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** By rank, like `quantiles`. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return quantiles(values).p50;
}

/** To two digits behind the point. */
export function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
