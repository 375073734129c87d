import type {
  ConsumeOptions,
  Consumption,
  KafkaPort,
  KafkaRecord,
  OutgoingRecord,
  RecordBatch,
} from '../../services/events/kafka/kafka-port.js';

/**
 * A broker with one partition per topic and one consumer. It runs in this process and records its
 * actions.
 */
export interface FakeKafka extends KafkaPort {
  /**
   * Actions in the order of completion: the test writes `applied …`, the broker writes the others.
   */
  readonly journal: string[];
  readonly produced: Map<string, OutgoingRecord[]>;
  /** The committed offset of the first topic. */
  committed(): number;
  open(): number;
  crash(error: Error): void;
  /** Fails the next joins, commits, heartbeats or produces, one error each. */
  readonly faults: Record<'consume' | 'commit' | 'heartbeat' | 'produce', Error[]>;
  beats(): number;
}

export function createFakeKafka(records: readonly KafkaRecord[], batchSize = Infinity): FakeKafka {
  const journal: string[] = [];
  const produced = new Map<string, OutgoingRecord[]>();
  const faults: FakeKafka['faults'] = {
    consume: [],
    commit: [],
    heartbeat: [],
    produce: [],
  };
  const crashes: ((error: Error) => void)[] = [];
  let committed = 0;
  let open = 0;
  let beats = 0;

  const nextBatch = (isAbandoned: () => boolean): RecordBatch | null => {
    const taken = records.slice(committed, committed + batchSize);
    const [first] = taken;
    if (!first) return null;
    return {
      topic: first.topic,
      partition: first.partition,
      records: taken,
      isAbandoned,
      heartbeat: async () => {
        beats += 1;
        throwNext(faults.heartbeat);
      },
      commit: async (offset) => {
        throwNext(faults.commit);
        committed = Number(offset) + 1;
        journal.push(`committed ${offset}`);
      },
    };
  };

  const consume = async (options: ConsumeOptions): Promise<Consumption> => {
    throwNext(faults.consume);
    open += 1;
    const crash = Promise.withResolvers<Error>();
    crashes.push(crash.resolve);
    const running = new AbortController();
    const loop = (async () => {
      while (!running.signal.aborted) {
        const batch = nextBatch(() => running.signal.aborted);
        // The broker treats a thrown error as a lost partition, and delivers the batch again.
        if (batch) await options.onBatch(batch).catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    })();
    return {
      crashed: crash.promise.then((error) => {
        running.abort();
        return error;
      }),
      health: () => ({ ok: true }),
      stop: async () => {
        running.abort();
        await loop;
        open -= 1;
      },
    };
  };

  return {
    journal,
    produced,
    faults,
    consume,
    produce: async (topic, sent) => {
      throwNext(faults.produce);
      produced.set(topic, [...(produced.get(topic) ?? []), ...sent]);
      journal.push(`produced ${sent.length} to ${topic}`);
    },
    health: () => ({ ok: true }),
    close: async () => undefined,
    committed: () => committed,
    open: () => open,
    beats: () => beats,
    crash: (error) => crashes.at(-1)?.(error),
  };
}

function throwNext(faults: Error[]): void {
  const fault = faults.shift();
  if (fault) throw fault;
}
