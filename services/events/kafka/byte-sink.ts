/**
 * Bytes that grow at their end, and can repeat what they hold: what every LZ77 decompressor writes
 * to.
 */
export class ByteSink {
  readonly #limit: number;
  #held: Buffer;
  #length = 0;

  /** Never holds more than `limit` bytes: a few compressed bytes can expand to gigabytes. */
  constructor(expected: number, limit: number) {
    this.#limit = limit;
    this.#held = Buffer.allocUnsafe(Math.min(Math.max(expected, 64), limit));
  }

  append(source: Buffer, from: number, length: number): void {
    if (from + length > source.length) throw new RangeError('cut short');
    this.#makeRoom(length);
    source.copy(this.#held, this.#length, from, from + length);
    this.#length += length;
  }

  /**
   * Appends `length` bytes that start `distance` bytes back; they may overlap the bytes being
   * appended.
   */
  repeat(distance: number, length: number): void {
    if (distance < 1 || distance > this.#length) {
      throw new RangeError('a repetition of what was before the beginning');
    }
    this.#makeRoom(length);
    const start = this.#length - distance;
    // each copy may take everything since the start, which doubles the length
    for (let done = 0; done < length;) {
      const copied = Math.min(distance + done, length - done);
      this.#held.copy(this.#held, this.#length + done, start, start + copied);
      done += copied;
    }
    this.#length += length;
  }

  bytes(): Buffer {
    return this.#held.subarray(0, this.#length);
  }

  #makeRoom(length: number): void {
    const needed = this.#length + length;
    if (needed > this.#limit) throw new TooManyBytes(this.#limit);
    if (needed <= this.#held.length) return;
    const doubled = Math.min(this.#held.length * 2, this.#limit);
    const larger = Buffer.allocUnsafe(Math.max(needed, doubled));
    this.#held.copy(larger, 0, 0, this.#length);
    this.#held = larger;
  }
}

/** The unpacked size exceeds the limit. */
export class TooManyBytes extends RangeError {
  constructor(limit: number) {
    super(`unpacks to more than ${limit} bytes`);
  }
}
