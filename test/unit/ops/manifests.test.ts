import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';

import { execWords, pairsOf, readDockerfile } from '../../container/dockerfile.js';

/**
 * The image, the compose file and the manifests agree with each other, and set only settings that
 * the service reads.
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

describe('the container image', () => {
  test('starts Node directly, with the flags of npm start', () => {
    const { start } = JSON.parse(read('package.json')).scripts;

    expect(commandLine).toBe(start);
  });

  test('runs in production as a numeric user other than root, with known settings only', () => {
    expect(wordsOf('USER')).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(pairsOf(wordsOf('ENV'))).toMatchObject({ NODE_ENV: 'production' });
    for (const name of Object.keys(pairsOf(wordsOf('ENV')))) expect(settings).toContain(name);
  });

  test('starts with the same command as the systemd unit', () => {
    const unit = read('ops/systemd/discord-connector.service');

    expect(unit).toContain(`ExecStart=/usr/bin/${commandLine}\n`);
  });
});

describe('docker-compose.yml', () => {
  const { services } = Compose.parse(parse(read('docker-compose.yml'), { merge: true }));

  test.each(['connector', 'second'])(
    'gives %s known settings only, a read-only file system and no capabilities',
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

  test('publishes ports on loopback only', () => {
    const published = Object.values(services).flatMap(({ ports }) => ports ?? []);

    expect(published).not.toHaveLength(0);
    for (const port of published) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  test('enables the sandbox in one process only', () => {
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

  test('sets known settings only', () => {
    const named = manifests.flatMap(({ data = {} }) => Object.keys(data));
    const own = deployments.flatMap(({ containers }) =>
      containers.flatMap(({ env = [] }) => env.map(({ name }) => name)),
    );

    for (const name of [...named, ...own]) expect(settings).toContain(name);
  });

  test('uses the user, port and health endpoints of the image, and gives it time to stop', () => {
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
