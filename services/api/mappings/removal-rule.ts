/** The rule of the removal guard, in one sentence: reconcile/guard/guard.ts keeps it. */
export const REMOVAL_RULE =
  'The removals of one message, mutation, batch of events or sweep are judged as a whole, together with removals that are due and those of the last hour. All of them are held until a person approves if they exceed the minimum or the percentage of the holders of a role or of all roles, whichever is higher, or more than half of the holders of a role with five or more holders.';
