/**
 * The Helm chart, rendered by Helm's own library: the linter and the schemas of Kubernetes find nothing, and workers are told what the code
 * reads. And hadolint on the Dockerfiles, a shell on the scripts. (Needs Python with pip, on a platform with all wheels.)
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { at, required } from '../../../activities/invariant.js';
import { s3FromEnvironment } from '../../../infra/s3/access.js';
import { deploymentName, shutdownForceMilliseconds } from '../../../workers/createWorkers.js';
import { queueNames } from '../../../workers/names.js';
import { healthAddress, metricsAddress } from '../../../workers/settings.js';
import { engineQueue, generalQueue } from '../../../workflows/config/taskQueues.js';
import { obtainPython, type PythonWithPackages } from '../../support/python.js';
import { root, unknownVariables } from './variables.js';

const chart = join(root, 'infra/deploy/helm/reft');
/** The oldest that Chart.yaml takes, and the newest that the schemas know. */
const versions = ['1.27', '1.37'];

interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } };
}
interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}
interface Container {
  readonly image: string;
  readonly args: readonly string[];
  readonly env: readonly Variable[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly startupProbe: Probe;
  readonly readinessProbe: Probe;
  readonly livenessProbe: Probe;
}
interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly replicas?: number;
    readonly template: {
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly containers: readonly Container[];
        readonly volumes: readonly { readonly name: string }[];
      };
    };
    readonly scaleTargetRef: { readonly name: string };
    readonly triggers: readonly {
      readonly metadata: Readonly<Record<string, string>>;
      readonly authenticationRef?: { readonly name: string };
    }[];
    readonly secretTargetRef: readonly { readonly parameter: string; readonly name: string; readonly key: string }[];
  };
}
interface Rendered {
  readonly refused?: string;
  readonly manifests: readonly Manifest[];
  readonly notes: string;
  readonly lint: readonly string[];
  readonly invalid: readonly string[];
  readonly unchecked: readonly string[];
}

let python: PythonWithPackages;
beforeAll(async () => {
  python = await obtainPython('deploy');
}, 600_000);

async function render(values: object, more: readonly object[] = []): Promise<Rendered> {
  const running = promisify(execFile)(python.path, [join(root, 'test/infra/deploy/render.py')], {
    env: { ...process.env, ...python.environment },
  });
  running.child.stdin?.end(`${JSON.stringify({ chart, values, versions, more })}\n`);
  return JSON.parse((await running).stdout);
}

const ofKind = ({ manifests }: Rendered, kind: string): readonly Manifest[] =>
  manifests.filter((manifest) => manifest.kind === kind);
const containerOf = ({ spec }: Manifest): Container => at(spec.template.spec.containers, 0);
const valuesOf = ({ env }: Container): Record<string, string> =>
  Object.fromEntries(env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])));

const servers = {
  temporal: { address: 'temporal.example.org:7233' },
  s3: { endpoint: 'https://s3.eu-central-1.amazonaws.com' },
};

/** Every setting given. */
const all = {
  image: { repository: 'registry.example.org/reft', tag: '0.2.0-1' },
  imagePullSecrets: [{ name: 'registry' }],
  temporal: {
    address: 'runs.a1b2c.tmprl.cloud:7233',
    namespace: 'runs.a1b2c',
    tls: { enabled: true, serverName: 'temporal', clientSecretName: 'client', authoritySecretName: 'authority' },
    apiKey: { secretName: 'temporal-key', key: 'key' },
  },
  s3: {
    ...servers.s3,
    bucket: 'models',
    prefix: 'team/reft',
    region: 'eu-central-1',
    addressing: 'virtual',
    encryption: 'aws:kms',
    kmsKeyId: 'alias/reft',
    credentialsSecretName: 's3-credentials',
  },
  payloadEncryption: { secretName: 'codec', key: 'keys' },
  data: { claimName: 'data-sets' },
  env: { REFT_CACHE_GIB: 8 },
  envFrom: [{ secretRef: { name: 'hub' } }],
  buildId: '0.2.0-1',
  queues: {
    general: { autoscaling: { enabled: true } },
    engine: {
      image: { repository: 'registry.example.org/reft-gpu' },
      runtimeClassName: 'nvidia',
      env: { REFT_DEVICE: 'cuda', REFT_CACHE_GIB: 16 },
      resources: { limits: { cpu: '8', memory: '64Gi', 'nvidia.com/gpu': 1 } },
      autoscaling: { enabled: true, minReplicas: 2, maxReplicas: 16, targetBacklog: 2 },
      nodeSelector: { accelerator: 'h100' },
      tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }],
      affinity: { nodeAffinity: {} },
    },
  },
  serviceAccount: {
    name: 'reft',
    annotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::123456789012:role/reft' },
  },
  podAnnotations: { 'prometheus.io/port': '9464' },
  podLabels: { team: 'models' },
};

describe.each([
  ['with no more than the servers', servers],
  ['with every setting', all],
])('the chart, %s', (_, values) => {
  let rendered: Rendered;
  beforeAll(async () => {
    rendered = await render(values);
  });

  it('pleases the linter and the schemas of Kubernetes', () => {
    expect(rendered).toMatchObject({ lint: [], invalid: [] });
    // KEDA's own are in no schema of Kubernetes.
    expect(rendered.unchecked.filter((kind) => !['ScaledObject', 'TriggerAuthentication'].includes(kind))).toEqual([]);
    expect(ofKind(rendered, 'ServiceAccount')).toHaveLength(1);
  });

  it('has a Deployment of workers for each task queue', () => {
    const queues = ofKind(rendered, 'Deployment').map((manifest) => containerOf(manifest).args.slice(0, 3));
    expect(queues.sort()).toEqual(queueNames.map((queue) => ['worker', '--queue', queue]).sort());
  });

  it('tells workers what the code reads, once', () => {
    for (const container of ofKind(rendered, 'Deployment').map(containerOf)) {
      const names = container.env.map(({ name }) => name);
      expect(unknownVariables(names)).toEqual([]);
      expect(new Set(names).size).toBe(names.length);
      const environment = valuesOf(container);
      expect(s3FromEnvironment(environment)).toMatchObject({ endpoint: servers.s3.endpoint });
      expect(environment.TEMPORAL_ADDRESS).toBe(values.temporal.address);
    }
  });

  it('asks for health where the worker tells it, and names the port of its metrics', () => {
    for (const container of ofKind(rendered, 'Deployment').map(containerOf)) {
      const environment = valuesOf(container);
      const { port } = required(healthAddress(environment), 'REFT_HEALTH_ADDRESS');
      const metricsPort = Number(metricsAddress(environment)?.split(':')[1]);
      expect(container.ports).toEqual([
        { name: 'health', containerPort: port },
        { name: 'metrics', containerPort: metricsPort },
      ]);
      for (const probe of [container.startupProbe, container.readinessProbe, container.livenessProbe])
        expect(probe.httpGet).toEqual({ path: '/healthz', port: 'health' });
    }
  });

  it('gives a worker longer to end than it takes', () => {
    for (const { spec } of ofKind(rendered, 'Deployment'))
      expect(spec.template.spec.terminationGracePeriodSeconds * 1_000).toBeGreaterThanOrEqual(
        2 * shutdownForceMilliseconds,
      );
  });

  it('mounts every volume, and what variables name as files', () => {
    for (const manifest of ofKind(rendered, 'Deployment')) {
      const { volumeMounts, env } = containerOf(manifest);
      const volumes = manifest.spec.template.spec.volumes.map(({ name }) => name);
      expect(volumeMounts.map(({ name }) => name)).toEqual(volumes);
      const paths = env.flatMap(({ value }) => (value?.startsWith('/') ? [value] : []));
      const isMounted = (path: string): boolean =>
        volumeMounts.some(({ mountPath }) => path === mountPath || path.startsWith(`${mountPath}/`));
      expect(paths.length).toBeGreaterThan(0);
      expect(paths.filter((path) => !isMounted(path))).toEqual([]);
    }
  });

  it('takes secrets by reference alone', () => {
    const secret = /API_KEY$|ACCESS_KEY|CODEC_KEY$/;
    const plain = ofKind(rendered, 'Deployment')
      .flatMap((manifest) => containerOf(manifest).env)
      .filter(({ name, valueFrom }) => secret.test(name) && valueFrom === undefined);
    expect(plain).toEqual([]);
    expect(ofKind(rendered, 'Secret')).toEqual([]);
  });
});

describe('the chart', () => {
  it('gives a queue its own image and variables, beside those of all', async () => {
    const [engine, general] = ofKind(await render(all), 'Deployment').map(containerOf);
    expect([engine?.image, general?.image]).toEqual([
      'registry.example.org/reft-gpu:0.2.0-1',
      'registry.example.org/reft:0.2.0-1',
    ]);
    const cacheOf = (container: Container | undefined) => container && valuesOf(container).REFT_CACHE_GIB;
    expect([cacheOf(engine), cacheOf(general)]).toEqual(['16', '8']);
    expect(engine?.args).toEqual(['worker', '--queue', 'engine', '--build-id', '0.2.0-1']);
  });

  it('scales by the backlog of the queues that the code polls', async () => {
    const rendered = await render(all);
    const scaled = ofKind(rendered, 'ScaledObject');
    const deployments = ofKind(rendered, 'Deployment');
    expect(scaled.map(({ spec }) => spec.scaleTargetRef.name).sort()).toEqual(
      deployments.map(({ metadata }) => metadata.name).sort(),
    );
    expect(deployments.map(({ spec }) => spec.replicas)).toEqual([undefined, undefined]);
    const triggers = scaled.map(({ spec }) => at(spec.triggers, 0));
    const asked = { endpoint: all.temporal.address, namespace: all.temporal.namespace };
    const versioned = { workerDeploymentName: deploymentName, workerDeploymentBuildId: all.buildId };
    expect(triggers.map(({ metadata }) => metadata)).toEqual([
      expect.objectContaining({ ...asked, ...versioned, taskQueue: engineQueue, queueTypes: 'activity' }),
      expect.objectContaining({ ...asked, ...versioned, taskQueue: generalQueue, queueTypes: 'workflow,activity' }),
    ]);
    const [authentication] = ofKind(rendered, 'TriggerAuthentication');
    expect(triggers.map(({ authenticationRef }) => authenticationRef?.name)).toEqual(
      Array(2).fill(authentication?.metadata.name),
    );
    expect(authentication?.spec.secretTargetRef.map(({ parameter }) => parameter)).toEqual([
      'apiKey',
      'cert',
      'key',
      'ca',
    ]);
  });

  it.each([
    [{}, ['/temporal/address', '/s3/endpoint']],
    [{ ...servers, s3: { endpoint: 's3.example.org' } }, ['/s3/endpoint']],
    [{ ...servers, terminationGracePeriodSeconds: 10 }, ['/terminationGracePeriodSeconds']],
    [{ ...servers, queues: { engines: { replicas: 2 } } }, ["'engines' not allowed"]],
    [{ ...servers, buildId: 'a b' }, ['/buildId']],
  ])('refuses %j, with the field', async (values, fields) => {
    const { refused = '' } = await render(values);
    expect(fields.filter((field) => !refused.includes(field))).toEqual([]);
  });

  it('is checked by tools that find what is wrong', async () => {
    const wrong = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'x' },
      spec: { containers: [], restartPolicies: 'x' },
    };
    expect((await render(servers, [wrong])).invalid).toEqual([
      expect.stringContaining('restartPolicies'),
      expect.stringContaining('restartPolicies'),
    ]);
  });

  it('has the version of the package', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expect(parse(readFileSync(join(chart, 'Chart.yaml'), 'utf8'))).toMatchObject({ version, appVersion: version });
  });
});

describe('images and scripts', () => {
  const run = promisify(execFile);

  it('please hadolint', async () => {
    const files = ['cpu', 'gpu'].map((name) => join(root, `infra/deploy/${name}.Dockerfile`));
    const hadolint = join(required(python.environment.PYTHONPATH, 'the folder of the packages'), 'bin/hadolint');
    expect((await run(hadolint, ['--no-color', ...files])).stdout).toBe('');
  });

  it.each(['createSchema', 'createNamespace'])('%s.sh is a shell script', async (name) => {
    await run('sh', ['-n', join(root, `infra/deploy/compose/${name}.sh`)]);
  });
});
