/** `compose.yaml`: what it names exists, its workers are told what the code reads, its servers are those that the tests run on, and it holds no secret. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { required } from '../../../activities/invariant.js';
import { s3FromEnvironment } from '../../../infra/s3/access.js';
import { temporalFromEnvironment } from '../../../infra/temporal/access.js';
import { fairness } from '../../../infra/temporal/local.js';
import { shutdownForceMilliseconds } from '../../../workers/createWorkers.js';
import { queueNames } from '../../../workers/names.js';
import { metricsAddress } from '../../../workers/settings.js';
import { root, unknownVariables } from './variables.js';

interface Service {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly env_file?: readonly { readonly path: string; readonly required: boolean }[];
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly stop_grace_period?: string;
}

const folder = join(root, 'infra/deploy');
const text = readFileSync(join(folder, 'compose.yaml'), 'utf8');
const { services, volumes }: { services: Record<string, Service>; volumes: Record<string, null> } = parse(text, {
  merge: true,
});
const entries = Object.entries(services);
const workers = entries.filter(([, { build }]) => build !== undefined);
const variablesOf = (file: string): readonly string[] =>
  [...readFileSync(join(folder, file), 'utf8').matchAll(/^(?:# )?([A-Z][A-Z0-9_]+)=/gm)].map(([, name]) =>
    required(name, 'a name'),
  );

describe('compose.yaml', () => {
  it('has a worker for each task queue, built from the image for CPUs', () => {
    expect(workers.map(([, { command }]) => command)).toEqual(queueNames.map((queue) => ['worker', '--queue', queue]));
    const built = new Set(workers.map(([, { build }]) => join(folder, build?.context ?? '', build?.dockerfile ?? '')));
    expect([...built]).toEqual([join(root, 'infra/deploy/cpu.Dockerfile')]);
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expect(new Set(workers.map(([, { image }]) => image))).toEqual(new Set([`reft:${version}`]));
  });

  it.each(workers)('tells the worker %s what the code reads', (_, { environment = {} }) => {
    expect(unknownVariables(Object.keys(environment))).toEqual([]);
    expect(temporalFromEnvironment(environment)).toMatchObject({ address: 'temporal:7233', namespace: 'default' });
    expect(s3FromEnvironment(environment)).toMatchObject({ endpoint: 'http://s3:7070', bucket: 'reft' });
    expect(metricsAddress(environment)).toBe('0.0.0.0:9464');
  });

  it.each(workers)('gives the worker %s longer to end than it takes', (_, { stop_grace_period: period }) => {
    const seconds = Number(/^(\d+)s$/.exec(period ?? '')?.[1]);
    expect(seconds * 1_000).toBeGreaterThanOrEqual(2 * shutdownForceMilliseconds);
  });

  it('asks for what its example files set, and holds no secret', () => {
    const asked = [...text.matchAll(/\$\{([A-Z0-9_]+)/g)].map(([, name]) => required(name, 'a name'));
    expect(new Set(asked)).toEqual(new Set(variablesOf('compose.env.example')));
    expect(unknownVariables(variablesOf('worker.env.example'))).toEqual([]);
    const secrets = entries.flatMap(([, { environment = {} }]) =>
      Object.entries(environment).filter(([name]) => /PASSWORD|PWD|SECRET|ACCESS_KEY/.test(name)),
    );
    expect(secrets.length).toBeGreaterThan(6);
    expect(secrets.filter(([, value]) => !/^\$\{[A-Z_]+:\?[^}]+\}$/.test(value))).toEqual([]);
    const ignored = readFileSync(join(root, '.gitignore'), 'utf8').split('\n');
    expect(ignored).toEqual(expect.arrayContaining(['infra/deploy/.env', 'infra/deploy/worker.env']));
  });

  it('names services, volumes, folders and scripts that there are', () => {
    const needed = entries.flatMap(([, one]) => Object.keys(one.depends_on ?? {}));
    expect(needed.filter((name) => services[name] === undefined)).toEqual([]);
    const mounted = entries.flatMap(([, one]) => one.volumes ?? []).map((volume) => volume.split(':', 1)[0] ?? '');
    const isThere = (source: string): boolean =>
      source.startsWith('.') ? existsSync(join(folder, source)) : source in volumes || /^[/$]/.test(source);
    expect(mounted.filter((source) => !isThere(source))).toEqual([]);
    const scripts = entries.flatMap(([, { entrypoint = [] }]) => entrypoint.filter((word) => word.endsWith('.sh')));
    expect(scripts.map((script) => existsSync(join(folder, 'compose', script.replace('/scripts/', ''))))).toEqual([
      true,
      true,
    ]);
  });

  it('waits for servers by their health', () => {
    const waited = entries.flatMap(([, one]) =>
      Object.entries(one.depends_on ?? {}).flatMap(([name, { condition }]) =>
        condition === 'service_healthy' ? [name] : [],
      ),
    );
    expect(waited.length).toBeGreaterThan(3);
    expect(waited.filter((name) => services[name]?.healthcheck === undefined)).toEqual([]);
  });

  it('runs pinned servers, reached from this machine only: those that the tests run on', () => {
    const images = entries.map(([, { image }]) => image);
    expect(images.filter((image) => !/:v?\d+\.\d+/.test(image))).toEqual([]);
    const pins = `${readFileSync(join(root, 'infra/obtain/wheels.ts'), 'utf8')}${readFileSync(join(root, 'infra/obtain/fromGo.ts'), 'utf8')}`;
    const [, server, ui] = required(/with server ([\d.]+) and UI ([\d.]+\d)/.exec(pins), 'versions of Temporal');
    const [, gateway] = required(/version: '(v[\d.]+)'/.exec(pins), 'the version of versitygw');
    expect(images).toEqual(
      expect.arrayContaining([
        `temporalio/server:${server}`,
        `temporalio/admin-tools:${server}`,
        `temporalio/ui:${ui}`,
        `versity/versitygw:${gateway}`,
      ]),
    );
    const ports = entries.flatMap(([, one]) => one.ports ?? []);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });

  it('has Temporal give runs their turns, as on servers started here', () => {
    const settings: Record<string, readonly { readonly value: unknown }[]> = parse(
      readFileSync(join(folder, 'compose/temporal.yaml'), 'utf8'),
    );
    const given = Object.entries(settings).map(([name, values]) => `${name}=${values.map(({ value }) => value)}`);
    expect(given).toEqual(expect.arrayContaining([...fairness]));
  });
});
