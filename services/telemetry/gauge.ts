import { Gauge, type Registry } from 'prom-client';

import { PREFIX } from './prefix.js';

interface Definition<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly Label[];
}

/** A number that may go down; it is set by whoever is told of it. */
export function gauge<Label extends string = never>(
  registry: Registry,
  { name, help, labelNames = [] }: Definition<Label>,
): Gauge<Label> {
  return new Gauge({
    name: `${PREFIX}${name}`,
    help,
    labelNames,
    registers: [registry],
  });
}

export type Set<Label extends string> = (
  labels: Partial<Record<Label, string>>,
  value: number,
) => void;

/** One that is asked for at each scrape; what is not set then is not there. */
export function askedGauge<Label extends string = never>(
  registry: Registry,
  its: Definition<Label> & { readonly ask: (set: Set<Label>) => void },
): Gauge<Label> {
  const { name, help, labelNames = [], ask } = its;
  return new Gauge({
    name: `${PREFIX}${name}`,
    help,
    labelNames,
    registers: [registry],
    collect() {
      // Reset alone, one without labels would be nought.
      if (labelNames.length > 0) this.reset();
      else this.remove();
      ask((labels, value) => this.set(labels, value));
    },
  });
}
