import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { printSubgraph } from './federation/subgraph.js';
import { buildConnectorSchema } from './schema.js';

/**
 * Prints the schema in sorted order, so that the diff of the committed file shows only real
 * changes.
 */
export async function printConnectorSchema(): Promise<string> {
  return printSubgraph(await buildConnectorSchema(null));
}

const target = new URL('../../schema/connector.graphql', import.meta.url);
if (process.argv[1] === fileURLToPath(import.meta.url))
  await writeFile(target, await printConnectorSchema());
