/** A written event as it waits for the broker. */
export interface OutboxEvent {
  readonly position: number;
  readonly id: string;
  readonly key: string;
  readonly type: string;
  readonly subject: string | null;
  readonly time: Date;
  readonly data: unknown;
}
