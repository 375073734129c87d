import type { IdempotencyPort, RepeatableRequest } from '../../services/api/idempotency/ports.js';

interface Row {
  readonly fingerprint: string;
  readonly claim: string;
  answer: string | null;
}

/** As the store keeps them, without an end. */
export function createFakeIdempotency(): IdempotencyPort {
  const rows = new Map<string, Row>();
  const keyOf = ({ caller, keyHash }: RepeatableRequest) => JSON.stringify([caller, keyHash]);
  const ours = (request: RepeatableRequest, claim: string) => {
    const row = rows.get(keyOf(request));
    return row?.claim === claim ? row : undefined;
  };
  let claims = 0;
  return {
    claim: async (request) => {
      const row = rows.get(keyOf(request));
      if (!row) {
        claims += 1;
        const claim = String(claims);
        const { fingerprint } = request;
        rows.set(keyOf(request), { fingerprint, claim, answer: null });
        return { kind: 'CLAIMED', claim };
      }
      if (row.fingerprint !== request.fingerprint) return { kind: 'OTHER' };
      if (row.answer === null) return { kind: 'UNDER_WAY' };
      return { kind: 'ANSWERED', answer: row.answer };
    },
    renew: async () => undefined,
    keep: async (request, claim, answer) => {
      const row = ours(request, claim);
      if (row) row.answer = answer;
    },
    release: async (request, claim) => {
      if (ours(request, claim)) rows.delete(keyOf(request));
    },
  };
}
