/** A secret that cannot be read, and the key it was encrypted with. */
export interface LostSecretView {
  readonly name: 'botToken' | 'clientSecret';
  readonly keyId: string;
}

/** Why nothing is sent to Discord for a client, since when, and when the next call is tried. */
export interface SendingPauseView {
  readonly cause: string;
  readonly since: Date;
  readonly until: Date;
}
