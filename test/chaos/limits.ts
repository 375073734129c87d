interface Limit {
  readonly minimum: number;
  readonly askedAt: number;
  /** From this time it was certainly in force, and the previous limit was not. */
  readonly answeredAt: number;
}

/** The client's limit on removals over time. */
export class Limits {
  readonly #limits: Limit[];

  constructor(minimum: number) {
    this.#limits = [{ minimum, askedAt: 0, answeredAt: 0 }];
  }

  /**
   * Call it when the mutation has returned. The limit may have been in force since `askedAt`,
   * because the mutation calls Discord before it returns.
   */
  set(minimum: number, askedAt: number): void {
    this.#limits.push({ minimum, askedAt, answeredAt: Date.now() });
  }

  /** The highest limit that may have been in force during this time. */
  highest({ from, to }: { readonly from: number; readonly to: number }): number {
    const limits = this.#limits.filter(
      ({ askedAt }, index) =>
        askedAt <= to && (this.#limits[index + 1]?.answeredAt ?? Infinity) >= from,
    );
    return Math.max(...limits.map(({ minimum }) => minimum));
  }
}
