import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';

import { execWords, pairsOf, readDockerfile } from '../../container/dockerfile.js';

/**
 * What is written down of how the service is run agrees with itself, and with what the service
 * reads.
 */
const root = new URL('../../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');

const settings = new Set(read('services/config.ts').match(/\b[A-Z][A-Z\d]+(?:_[A-Z\d]+)*(?=:)/g));
const image = readDockerfile(read('Dockerfile')).at(-1);
const wordsOf = (instruction: string) =>
  image?.steps.find((step) => step.instruction === instruction)?.words ?? '';
const commandLine = execWords(wordsOf('CMD')).join(' ');

const Compose = z.object({
  services: z.record(
    z.string(),
    z.looseObject({
      environment: z.record(z.string(), z.string()),
      ports: z.array(z.string()).optional(),
    }),
  ),
});

const Manifest = z.looseObject({
  kind: z.string(),
  data: z.record(z.string(), z.string()).optional(),
  spec: z.unknown().optional(),
});

const Deployment = z.object({
  template: z.object({
    spec: z.object({
      terminationGracePeriodSeconds: z.number(),
      securityContext: z.object({
        runAsUser: z.number(),
        runAsGroup: z.number(),
      }),
      containers: z.array(
        z.object({
          env: z.array(z.object({ name: z.string(), value: z.string() })).optional(),
          ports: z.array(z.object({ containerPort: z.number() })),
          livenessProbe: z.object({ httpGet: z.object({ path: z.string() }) }),
          readinessProbe: z.object({ httpGet: z.object({ path: z.string() }) }),
          securityContext: z.object({
            readOnlyRootFilesystem: z.literal(true),
          }),
        }),
      ),
    }),
  }),
});

describe('the image', () => {
  test('starts Node with the flags of npm start, and no npm between', () => {
    const { start } = JSON.parse(read('package.json')).scripts;

    expect(commandLine).toBe(start);
  });

  test('runs as a number that is not root, in production, with settings that there are', () => {
    expect(wordsOf('USER')).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(pairsOf(wordsOf('ENV'))).toMatchObject({ NODE_ENV: 'production' });
    for (const name of Object.keys(pairsOf(wordsOf('ENV')))) expect(settings).toContain(name);
  });

  test('is what the unit of systemd starts', () => {
    const unit = read('ops/systemd/discord-connector.service');

    expect(unit).toContain(`ExecStart=/usr/bin/${commandLine}\n`);
  });
});

describe('the composition', () => {
  const { services } = Compose.parse(parse(read('docker-compose.yml'), { merge: true }));

  test.each(['connector', 'second'])(
    'gives %s settings that there are, a read-only file system and no rights',
    (name) => {
      const { environment, ...rest } = services[name] ?? { environment: {} };

      for (const setting of Object.keys(environment)) expect(settings).toContain(setting);
      expect(rest).toMatchObject({
        build: '.',
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        tmpfs: [expect.stringContaining('/tmp')],
      });
    },
  );

  test('publishes on loopback alone', () => {
    const published = Object.values(services).flatMap(({ ports }) => ports ?? []);

    expect(published).not.toHaveLength(0);
    for (const port of published) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  test('has one process alone with the sandbox, and its parts are those of the image', () => {
    expect(services['connector']?.environment['SANDBOX']).toBe('true');
    expect(services['second']?.environment['SANDBOX']).toBeUndefined();
  });
});

describe.each(['ops/kubernetes/connector.yaml', 'ops/kubernetes/parts.yaml'])('%s', (path) => {
  const manifests = parseAllDocuments(read(path)).map((document) =>
    Manifest.parse(document.toJS()),
  );
  const deployments = manifests
    .filter(({ kind }) => kind === 'Deployment')
    .map(({ spec }) => Deployment.parse(spec).template.spec);

  test('sets what can be set', () => {
    const named = manifests.flatMap(({ data = {} }) => Object.keys(data));
    const own = deployments.flatMap(({ containers }) =>
      containers.flatMap(({ env = [] }) => env.map(({ name }) => name)),
    );

    for (const name of [...named, ...own]) expect(settings).toContain(name);
  });

  test('runs as the image does, asks where it answers, and waits until it has stopped', () => {
    expect(deployments.length).toBeGreaterThan(0);
    for (const { securityContext, containers, ...pod } of deployments) {
      const { runAsUser, runAsGroup } = securityContext;
      expect(`${runAsUser}:${runAsGroup}`).toBe(wordsOf('USER'));
      expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(15);
      expect(containers).toMatchObject([
        {
          ports: [{ containerPort: Number(wordsOf('EXPOSE')) }],
          livenessProbe: { httpGet: { path: '/health/live' } },
          readinessProbe: { httpGet: { path: '/health/ready' } },
        },
      ]);
    }
  });
});
