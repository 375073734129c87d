/**
 * The run was cancelled, or belongs to another process now: nothing more is to be written for it.
 */
export class RunLostError extends Error {
  constructor(id: string) {
    super(`sweep ${id} belongs to another process now`);
    this.name = 'RunLostError';
  }
}

/** This process is stopping: the run is released for another process to start over. */
export class StoppingError extends Error {
  constructor() {
    super('the connector is stopping');
    this.name = 'StoppingError';
  }
}
