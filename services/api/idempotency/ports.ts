/** A mutation that its caller may send again: who asked, by which key, for what. */
export interface RepeatableRequest {
  readonly caller: string;
  readonly keyHash: string;
  readonly fingerprint: string;
}

/** Stored responses, shared by all processes. */
export interface IdempotencyPort {
  /**
   * CLAIMED: to be carried out now. UNDER_WAY: it is being carried out. OTHER: the key was used for
   * another request.
   */
  claim(
    request: RepeatableRequest,
  ): Promise<
    | { readonly kind: 'CLAIMED'; readonly claim: string }
    | { readonly kind: 'ANSWERED'; readonly answer: string }
    | { readonly kind: 'UNDER_WAY' | 'OTHER' }
  >;
  /** A claim is lost a minute after this, unless it is renewed. */
  renew(request: RepeatableRequest, claim: string): Promise<void>;
  /** For 24 hours. */
  keep(request: RepeatableRequest, claim: string, answer: string): Promise<void>;
  /** Deletes the key, as if the request had never been sent. */
  release(request: RepeatableRequest, claim: string): Promise<void>;
}
