/** The rule of the removal guard, in one sentence: reconcile/guard.ts keeps it. */
export const REMOVAL_RULE =
  'What one message, mutation, batch of events or sweep would remove is judged as a whole, with what is due and what the last hour removed: above the minimum or the percentage of the holders of a role or of all roles, whichever is more, or above half of a role with five or more holders, none of it is carried out until a person approves.';
