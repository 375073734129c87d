import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ensureKafkaArtefacts, NoKafkaError } from './kafka/artefacts.js';

export interface ForeignRecord {
  readonly topic: string;
  readonly key?: string | Uint8Array;
  /** Null is a record without a value. */
  readonly value: string | Uint8Array | null;
  readonly headers?: Readonly<Record<string, string | Uint8Array>>;
  readonly timestamp?: Date;
}

/**
 * Produces with a client that is not the one under test: Kafka's own Java client, or librdkafka's
 * where there is no Java. Resolves when every record is acknowledged by all replicas. A call takes
 * a second or two: give it all records at once.
 */
export async function produceForeign(
  brokers: string,
  records: readonly ForeignRecord[],
): Promise<void> {
  try {
    const { classPath } = await ensureKafkaArtefacts();
    await runJava(classPath, brokers, records);
  } catch (error) {
    if (!(error instanceof NoKafkaError)) throw error;
    for (const record of records) await runKcat(brokers, record);
  }
}

async function runJava(
  classPath: string,
  brokers: string,
  records: readonly ForeignRecord[],
): Promise<void> {
  const source = join(import.meta.dirname, 'kafka', 'Produce.java');
  const lines = records.map((record) => `${toLine(record)}\n`).join('');
  const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=error';
  const jvm = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', quiet];
  await runWith(['java', ...jvm, '-cp', classPath, source, brokers], lines);
}

function toLine(record: ForeignRecord): string {
  const { topic, timestamp, key, value, headers = {} } = record;
  return [
    topic,
    timestamp ? String(timestamp.getTime()) : '-',
    base64(key ?? null),
    base64(value),
    ...Object.entries(headers).flatMap(([name, content]) => [base64(name), base64(content)]),
  ].join('\t');
}

function base64(content: string | Uint8Array | null): string {
  return content === null ? '-' : Buffer.from(content).toString('base64');
}

async function runKcat(brokers: string, record: ForeignRecord): Promise<void> {
  const { topic, timestamp, key, value, headers = {} } = record;
  if (timestamp) throw new Error('kcat cannot set a timestamp');
  const words = ['kcat', '-P', '-b', brokers, '-t', topic, '-X', 'acks=all'];
  for (const [name, content] of Object.entries(headers)) {
    words.push('-H', `${name}=${Buffer.from(content).toString()}`);
  }
  const keyText = key === undefined ? '' : Buffer.from(key).toString();
  if (value === null) {
    // Of empty lines it sends only those that have a key.
    await runWith([...words, '-Z', '-K', '\t'], `${keyText}\t\n`);
    return;
  }
  if (key !== undefined) words.push('-k', keyText);
  // A file is sent as one message whatever stands in it; standard input would be cut at line ends.
  const folder = await mkdtemp(join(tmpdir(), 'discord-connector-record-'));
  const file = join(folder, 'value');
  await writeFile(file, value);
  try {
    await runWith([...words, file], '');
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function runWith(words: readonly string[], input: string | Uint8Array): Promise<void> {
  const [file = '', ...args] = words;
  const child = spawn(file, args, { stdio: ['pipe', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stdin.on('error', () => undefined); // its exit code says why
  child.stdin.end(input);
  const code = await new Promise<unknown>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? signal));
  });
  if (code !== 0) throw new Error(`${file} ended with ${String(code)}: ${said}`);
}
