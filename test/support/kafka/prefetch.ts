import { ensureKafkaArtefacts } from './artefacts.js';

// For CI: fetches what the broker tests need, so that their own time is not the network's.
const { version } = await ensureKafkaArtefacts();
console.log(`Apache Kafka ${version} is at hand`);
