import type { SpanExporter } from '@opentelemetry/sdk-trace-node';

import type { Logger } from '../lib/logger.js';

/**
 * Logs one line when the collector becomes unreachable and one when it is back, however long that
 * takes.
 */
export function tellOnce(exporter: SpanExporter, logger: Logger): SpanExporter {
  let isAway = false;
  let lost = 0;
  return {
    export(batch, done) {
      exporter.export(batch, (result) => {
        const { error } = result;
        const isSent = error === undefined;
        if (isSent && isAway) {
          logger.info({ lost }, 'trace export recovered');
          [isAway, lost] = [false, 0];
        }
        if (!isSent) {
          lost += batch.length;
          if (!isAway)
            logger.warn({ reason: error.message }, 'trace export failed, dropping traces');
          isAway = true;
        }
        done(result);
      });
    },
    shutdown: async () => exporter.shutdown(),
    ...(exporter.forceFlush && {
      forceFlush: async () => exporter.forceFlush?.(),
    }),
  };
}
