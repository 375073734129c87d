import { randomBytes } from 'node:crypto';

/** Something that may stand nowhere in plain text, by the name under which it is complained of. */
export interface Planted {
  readonly name: string;
  readonly value: string;
  /** Who is told it on purpose. */
  readonly toldIn?: string;
}

export interface Output {
  readonly where: string;
  readonly text: string;
}

/** What a world is secured with: told apart from everything else at a glance. */
export function makeSecrets() {
  const random = () => randomBytes(18).toString('hex');
  return {
    botToken: `chaos.bot.${random()}`,
    clientSecret: `chaos-client-secret-${random()}`,
    apiKey: `dc_${randomBytes(20).toString('hex')}`,
    encryptionKey: randomBytes(32),
  };
}

/** A line for each secret that is found in an output, however it is written there. */
export function findLeaks(
  planted: readonly Planted[],
  outputs: readonly Output[],
): readonly string[] {
  return planted.flatMap(({ name, value, toldIn }) => {
    const written = spellings(value);
    const places = outputs.filter(
      ({ where, text }) => where !== toldIn && written.some((spelling) => text.includes(spelling)),
    );
    return [...new Set(places.map(({ where }) => where))].map(
      (where) => `${name} stands in ${where}`,
    );
  });
}

function spellings(value: string): readonly string[] {
  const bytes = Buffer.from(value);
  return [
    value,
    encodeURIComponent(value),
    bytes.toString('hex'),
    // Within a longer text it begins at any of three places, and the ends of its base64 are
    // another's.
    ...[0, 1, 2].map((before) =>
      Buffer.concat([Buffer.alloc(before), bytes])
        .toString('base64')
        .slice(4, -4),
    ),
  ];
}
