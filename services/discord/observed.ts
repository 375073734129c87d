import type { ClientId } from '../model.js';

/** A call that was sent. `status` is null when no answer came. */
export interface ObservedCall {
  readonly clientId: ClientId;
  /** The ids the call names. */
  readonly ids: Readonly<Record<string, string>>;
  readonly method: string;
  readonly route: string;
  readonly status: number | null;
  readonly durationMs: number;
}

/** Discord asked to wait, by a refusal or by reporting no calls left. */
export interface ObservedWait {
  readonly method: string;
  readonly route: string;
  readonly why: 'refused' | 'spent';
  readonly waitMs: number;
}
