/**
 * Tensors that stay on a device between runs, as on CUDA, where there is no GPU: with the CPU's kernels. On ordinary memory the bits are
 * those of arrays that are bound as they are. On a stand-in for CUDA's runtime, whose memory the CPU reads, all that CUDA has of its own
 * but its kernels runs, graphs as a GPU likes them included.
 */
import { execFile, execFileSync } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadLibraryFile } from '../../../../activities/engine/ort/capi/foreign.js';
import { cudaMemory } from '../../../../activities/engine/ort/memory/cudaMemory.js';
import { readSafetensors } from '../../../../activities/engine/weights/safetensors.js';
import { OutOfMemory } from '../../../../activities/errors.js';
import { relativeError } from '../../../reference/fixtures.js';
import { temporaryFolder } from '../modelFolder.js';
import type { ResidentReport } from './residentProcess.js';

const folder = await temporaryFolder();
const files = [
  'whole/model',
  'whole/moments',
  'pieces/model',
  'gradients/moments',
  'lora/adapters',
  'lora/moments',
  'ppo/model',
  'ppo/moments',
].map((name) => `${name}.safetensors`);

interface Outcome extends ResidentReport {
  readonly folder: string;
}

async function runOn(device: string, environment: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  const own = join(folder, device);
  await mkdir(own);
  const script = fileURLToPath(new URL('residentProcess.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script, own], {
    // One thread, as a device has one that feeds it: sums are split by thread.
    env: { ...process.env, REFT_ENGINES: '1000', REFT_DEVICE: device, ...environment },
  });
  return { folder: own, ...JSON.parse(stdout) };
}

const hasCompiler = (() => {
  try {
    execFileSync('gcc', ['--version']);
    return process.platform === 'linux' && process.arch === 'x64';
  } catch {
    return false;
  }
})();

let cpu: Outcome;
beforeAll(async () => {
  cpu = await runOn('cpu');
  expect(cpu.mode).toBe('bound');
});

function expectFewTransfers({ training, microBatches, decoding }: Outcome, runs: number): void {
  expect(training.length).toBe(3);
  // The first also places the arrays of the gradients, and what the session keeps.
  for (const step of training.slice(1)) {
    expect(step).toMatchObject({ uploads: runs, downloads: runs });
    // Tokens, masks and metrics: kilobytes.
    expect(step.uploadedBytes).toBeLessThan(20_000);
    expect(step.downloadedBytes).toBeLessThan(2_000);
  }
  // A run for each of the sequences, and one for the update.
  for (const step of microBatches.slice(1)) expect(step.uploads).toBe(step.downloads);
  // The first is recorded before it is run, where steps are.
  for (const step of decoding.slice(1)) expect(step).toMatchObject({ uploads: 1, downloads: 1 });
  // Tokens, positions and random numbers of two rows, and no cache.
  for (const step of decoding) expect(step.uploadedBytes + step.downloadedBytes).toBeLessThan(10_000);
}

let resident: Outcome;

describe('on ordinary memory', () => {
  beforeAll(async () => {
    resident = await runOn('cpu-resident');
    expect(resident.mode).toBe('resident');
  });

  it.each(files)('leaves the same bytes in %s', async (file) => {
    const [actual, expected] = [await readFile(join(resident.folder, file)), await readFile(join(cpu.folder, file))];
    expect(actual.equals(expected)).toBe(true);
  });

  it('gives the same losses, metrics and answers', () => {
    expect(resident.losses).toEqual(cpu.losses);
    expect(resident.policyMetrics).toEqual(cpu.policyMetrics);
    expect(resident.answers.length).toBe(28);
    expect(resident.answers).toEqual(cpu.answers);
  });

  it('sends what a step reads at once, and brings its results back at once', () => {
    expectFewTransfers(resident, 1);
    expect(resident.decoding[0]).toMatchObject({ uploads: 1, downloads: 1 });
    expect(resident.copies).toBeGreaterThan(10);
  });
});

describe.skipIf(!hasCompiler)('on a stand-in for CUDA’s runtime, which gcc compiles', () => {
  const libraries = join(folder, 'stand-in');
  let cuda: Outcome;
  beforeAll(async () => {
    const script = fileURLToPath(new URL('../../../device/standIn.sh', import.meta.url));
    await promisify(execFile)('bash', [script, libraries]);
    cuda = await runOn('cuda-rehearsal', { REFT_CUDA_LIBRARIES: libraries });
    expect(cuda.mode).toBe('resident');
  });

  it('has the gradients of the CPU', async () => {
    const file = 'gradients/moments.safetensors';
    const [actual, expected] = await Promise.all([cuda, cpu].map((one) => readSafetensors(join(one.folder, file))));
    let compared = 0;
    for (const [name, { data }] of expected?.tensors ?? []) {
      if (!name.startsWith('m.')) continue;
      expect(relativeError(actual?.tensors.get(name)?.data ?? [], data), name).toBeLessThan(1e-6);
      compared++;
    }
    expect(compared).toBeGreaterThan(20);
  });

  it.each(files.filter((file) => !file.startsWith('gradients')))(
    'ends with the numbers of the CPU in %s',
    async (file) => {
      const [actual, expected] = await Promise.all([cuda, cpu].map((one) => readSafetensors(join(one.folder, file))));
      expect([...(actual?.tensors.keys() ?? [])].sort()).toEqual([...(expected?.tensors.keys() ?? [])].sort());
      for (const [name, { data }] of expected?.tensors ?? [])
        expect(relativeError(actual?.tensors.get(name)?.data ?? [], data), name).toBeLessThan(1e-4);
    },
  );

  it('chooses the same tokens', () => {
    expect(cuda.answers.map(({ tokens }) => tokens)).toEqual(cpu.answers.map(({ tokens }) => tokens));
    const logProbs = (one: Outcome) => one.answers.flatMap((answer) => answer.logProbs);
    expect(relativeError(logProbs(cuda), logProbs(cpu))).toBeLessThan(1e-5);
  });

  it('copies twice each way in a training step, for gradients and update, and once in a decoding step', () => {
    expectFewTransfers(cuda, 2);
    expect(cuda.decoding[0]).toMatchObject({ uploads: 2, downloads: 1 });
    // A row of the cache, of all layers and heads, is one copy on the device.
    expect(cuda.copies).toBeGreaterThan(10);
  });

  it('gives the rows of answers that have ended to those that wait, in as many steps as the CPU', () => {
    expect(cuda.steps).toBe(resident.steps);
    const tokens = cuda.answers.reduce((total, answer) => total + answer.tokens.length, 0);
    // Three rows.
    expect(cuda.steps).toBeLessThan(tokens / 2);
  });

  it('runs our own kernels in half precision, which give the numbers of plain operators', () => {
    expect(cuda.ownKernels).toBeNull();
    expect(Object.keys(cuda.kernelErrors ?? {}).length).toBe(6);
    for (const error of Object.values(cuda.kernelErrors ?? {})) expect(error).toBeLessThan(1e-3);
    // Three training steps, in each a forward and a backward of all layers.
    expect(cuda.standIn?.launched).toBeGreaterThan(60);
    expect(relativeError(cuda.halfLosses, cpu.halfLosses)).toBeLessThan(5e-3);
    expect(resident.ownKernels).toBe('the device has none');
  });

  it('downloads what is large in parts, and says when memory is out', () => {
    const runtime = loadLibraryFile(join(libraries, 'libcudart.so.13'));
    const memory = cudaMemory(runtime, 0);
    // Two parts and a rest.
    const sent = Uint8Array.from({ length: 2 ** 25 + 1_000 }, (_, index) => index % 251);
    const address = memory.allocate(sent.byteLength);
    memory.upload(address, sent);
    memory.settle();
    const received = new Uint8Array(sent.byteLength);
    memory.download(received, address);
    expect(Buffer.compare(received, sent)).toBe(0);
    memory.zero(address, 4);
    memory.download(received.subarray(0, 8), address);
    expect([...received.subarray(0, 8)]).toEqual([0, 0, 0, 0, 4, 5, 6, 7]);
    memory.free(address);
    runtime.func('stand_in_bound', 'void', ['size_t'])(1_000);
    expect(() => memory.allocate(2_000)).toThrow(OutOfMemory);
    expect(memory.room().total).toBe(2 ** 36);
  });

  it('counts what CUDA’s runtime counts', () => {
    expect(cuda.counted).toMatchObject({ uploads: cuda.standIn?.uploads, downloads: cuda.standIn?.downloads });
    expect(cuda.standIn?.live).toBeLessThan(100);
  });
});
