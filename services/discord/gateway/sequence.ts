/** What is known of a session's sequence. Discord numbers a session's events without holes. */
export interface SequenceState {
  /** The number of the last event. */
  readonly last: number;
  /** A resume after this number has already failed to bring the events that are missing. */
  readonly triedAfter: number | null;
  /** Events are missing for good, so the numbers are no proof any more. */
  readonly hasHole: boolean;
}

export type SequenceVerdict =
  | 'next'
  /** Was received before, and is ignored. */
  | 'repeated'
  /** Events are missing. A resume asks for them. */
  | 'hole'
  /** Events are missing, and a resume did not bring them: the event is accepted after a gap. */
  | 'lost'
  /** The numbers went back after a hole, so which events are missing is unknown. */
  | 'broken';

/** Judges the number of an event. */
export function judgeSequence(sequence: number, state: SequenceState): SequenceVerdict {
  const { last, triedAfter, hasHole } = state;
  if (sequence === last + 1) return 'next';
  if (sequence <= last) return hasHole ? 'broken' : 'repeated';
  return triedAfter === last ? 'lost' : 'hole';
}
