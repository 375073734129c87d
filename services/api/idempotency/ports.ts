/**
 * A mutation with an `Idempotency-Key`: the caller, the key's hash, and a hash of the request and
 * the caller's permissions.
 */
export interface RepeatableRequest {
  readonly caller: string;
  readonly keyHash: string;
  readonly fingerprint: string;
}

/** Stored responses, shared by all processes. */
export interface IdempotencyPort {
  /**
   * CLAIMED: this process must carry out the request. ANSWERED: `answer` is the stored response.
   * UNDER_WAY: the request is still running. OTHER: the key was used for a different request or
   * with different permissions.
   */
  claim(
    request: RepeatableRequest,
  ): Promise<
    | { readonly kind: 'CLAIMED'; readonly claim: string }
    | { readonly kind: 'ANSWERED'; readonly answer: string }
    | { readonly kind: 'UNDER_WAY' | 'OTHER' }
  >;
  /**
   * Extends the claim to one minute from now. A claim that is not renewed expires, so another
   * request can use the key.
   */
  renew(request: RepeatableRequest, claim: string): Promise<void>;
  /** Stores the response for 24 hours. */
  keep(request: RepeatableRequest, claim: string, answer: string): Promise<void>;
  /** Deletes the key, as if the request had never been sent. */
  release(request: RepeatableRequest, claim: string): Promise<void>;
}
