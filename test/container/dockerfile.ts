/**
 * A Dockerfile as far as ours goes: every instruction it may hold, and nothing that is passed over.
 */
export interface Stage {
  readonly name: string | null;
  readonly base: string;
  readonly steps: readonly Step[];
}

export interface Step {
  readonly instruction: string;
  readonly words: string;
}

const KNOWN: ReadonlySet<string> = new Set([
  'ARG',
  'CMD',
  'COPY',
  'ENV',
  'EXPOSE',
  'HEALTHCHECK',
  'LABEL',
  'RUN',
  'STOPSIGNAL',
  'USER',
  'WORKDIR',
]);

/** Throws on what it does not know. */
export function readDockerfile(text: string): readonly Stage[] {
  const stages: { name: string | null; base: string; steps: Step[] }[] = [];
  for (const line of logicalLines(text)) {
    const [, instruction = '', words = ''] = /^(\S+)\s+(.*)$/s.exec(line) ?? [];
    const stage = stages.at(-1);
    if (instruction === 'FROM') {
      const [base = '', , name = null] = words.split(/\s+/);
      stages.push({ name, base, steps: [] });
    } else if (!KNOWN.has(instruction)) {
      throw new Error(`the Dockerfile holds an unknown ${instruction}`);
    } else stage?.steps.push({ instruction, words });
  }
  return stages;
}

function logicalLines(text: string): readonly string[] {
  return text
    .split('\n')
    .filter((line) => !/^\s*#/.test(line))
    .join('\n')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** `A=1 B="two words"`. */
export function pairsOf(words: string): Readonly<Record<string, string>> {
  const found = words.matchAll(/([\w.]+)=("([^"]*)"|\S+)/g);
  return Object.fromEntries(
    [...found].map(([, name = '', plain = '', quoted]) => [name, quoted ?? plain]),
  );
}

/** The words of the exec form; throws on the shell form, which would keep signals to itself. */
export function execWords(words: string): readonly string[] {
  const parsed: unknown = JSON.parse(words);
  if (!Array.isArray(parsed)) throw new Error(`not the exec form: ${words}`);
  return parsed.map(String);
}
