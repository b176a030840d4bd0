/** The container images: what is copied exists, what is left out is not needed here, and the commands are the command's. */
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { at, required } from '../../../activities/invariant.js';
import { pathsToLeaveOut } from '../../../infra/deploy/leaveOut.mjs';
import { queueNames } from '../../../workers/names.js';
import { healthAddress } from '../../../workers/settings.js';
import { root, unknownVariables } from './variables.js';

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const rooms = ['activities', 'infra', 'workers', 'workflows'];

interface Instruction {
  readonly name: string;
  readonly rest: string;
}

/** Instructions, continued lines joined. */
function instructionsOf(name: string): readonly Instruction[] {
  return read(`infra/deploy/${name}.Dockerfile`)
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ name: line.split(' ', 1)[0] ?? '', rest: line.slice(line.indexOf(' ') + 1) }));
}

const cpu = instructionsOf('cpu');
const gpu = instructionsOf('gpu');
const restsOf = (instructions: readonly Instruction[], name: string): readonly string[] =>
  instructions.filter((one) => one.name === name).map(({ rest }) => rest);
/** What ENV sets. */
const variablesOf = (instructions: readonly Instruction[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    restsOf(instructions, 'ENV')
      .flatMap((rest) => rest.split(' '))
      .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
/** Words of an instruction that has to be JSON, by which no shell stands between a signal and its process. */
const wordsOf = (instructions: readonly Instruction[], name: string): readonly string[] =>
  JSON.parse(at(restsOf(instructions, name), 0));

describe('the image of a worker', () => {
  it('is made of the Node that the project is', () => {
    const bases = restsOf(cpu, 'FROM').map((rest) => at(rest.split(' '), 0));
    expect(new Set(bases)).toEqual(new Set([`node:${read('.nvmrc').trim()}-bookworm-slim`]));
  });

  it('copies what exists and docker is sent, and every room that the command is made of', () => {
    const copied = restsOf(cpu, 'COPY')
      .filter((rest) => !rest.startsWith('--from='))
      .flatMap((rest) => rest.split(' ').slice(0, -1));
    expect(copied.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    expect(copied).toEqual(expect.arrayContaining([...rooms, 'package.json', 'package-lock.json', '.npmrc']));
    const sent = read('infra/deploy/cpu.Dockerfile.dockerignore').match(/^!.*$/gm) ?? [];
    expect(
      copied.filter((path) => !sent.some((line) => path === line.slice(1) || path.startsWith(line.slice(1)))),
    ).toEqual([]);
  });

  it('runs the command as no root, with signals handed on', () => {
    expect(restsOf(cpu, 'USER')).toEqual(['1000:1000']);
    expect(wordsOf(cpu, 'ENTRYPOINT')).toEqual(['tini', '--', 'node', 'workers/bin/reft.js']);
    expect(wordsOf(cpu, 'CMD')).toEqual(['worker']);
    expect(existsSync(join(root, 'workers/bin/reft.js'))).toBe(true);
  });

  it('asks the worker for its health where that tells it', () => {
    const address = required(healthAddress(variablesOf(cpu)), 'REFT_HEALTH_ADDRESS');
    expect(at(restsOf(cpu, 'HEALTHCHECK'), 0)).toContain(`http://127.0.0.1:${address.port}/healthz`);
    expect(restsOf(cpu, 'EXPOSE')).toEqual([String(address.port)]);
  });

  it.each([
    ['cpu', cpu],
    ['gpu', gpu],
  ])('sets variables that the code reads: %s', (_, instructions) => {
    const ofOthers = /^(NVIDIA_|LD_LIBRARY_PATH$)/;
    expect(unknownVariables(Object.keys(variablesOf(instructions)).filter((name) => !ofOthers.test(name)))).toEqual([]);
  });
});

describe('the image of a GPU worker', () => {
  it('adds to that of a CPU worker the libraries that the command fetches, where the engine looks for them', () => {
    expect(restsOf(gpu, 'FROM').filter((rest) => !/^\$\{WORKER\}( AS \w+)?$/.test(rest))).toEqual([]);
    expect(restsOf(gpu, 'RUN').some((rest) => rest.includes('node workers/bin/reft.js gpu'))).toBe(true);
    const folder = at(at(restsOf(gpu, 'COPY'), 0).split(' '), -1);
    expect(variablesOf(gpu)).toMatchObject({
      REFT_CUDA_LIBRARIES: folder,
      LD_LIBRARY_PATH: folder,
      REFT_DEVICE: 'cuda',
    });
  });

  it('is no root either, and serves the engine’s queue', () => {
    // The last stage begins with the user of the CPU worker's image.
    const lastStage = gpu.slice(gpu.findLastIndex(({ name }) => name === 'FROM'));
    expect(restsOf(lastStage, 'USER')).toEqual([]);
    const [command, option, queue] = wordsOf(gpu, 'CMD');
    expect([command, option]).toEqual(['worker', '--queue']);
    expect(queueNames).toContain(queue);
  });
});

const modules = join(root, 'node_modules');

describe.skipIf(process.platform !== 'linux')('what the image leaves out (on Linux)', () => {
  const leftOut = (arch: string): readonly string[] => pathsToLeaveOut(modules, 'linux', arch);

  it('is there, and none of it is what this machine computes with', () => {
    const paths = leftOut(process.arch);
    expect(paths.length).toBeGreaterThan(5);
    expect(paths.filter((path) => !existsSync(join(modules, path)))).toEqual([]);
    const builds = [`onnxruntime-node/bin/napi-v6/linux/${process.arch}`, `@temporalio/core-bridge/releases`];
    expect(builds.filter((build) => paths.includes(build) || !existsSync(join(modules, build)))).toEqual([]);
  });

  it('differs by processor', () => {
    expect(leftOut('arm64')).toContain('@temporalio/core-bridge/releases/x86_64-unknown-linux-gnu');
    expect(leftOut('arm64')).not.toContain('@temporalio/core-bridge/releases/aarch64-unknown-linux-gnu');
    expect(leftOut('x64')).toContain('onnxruntime-node/bin/napi-v6/linux/arm64');
  });

  it('is refused where a build is not as expected', async () => {
    expect(() => leftOut('riscv64')).toThrow('onnxruntime-node/bin/napi-v6/linux has no riscv64, but');
    expect(() => pathsToLeaveOut(modules, 'darwin', 'arm64')).toThrow('images are built on Linux, not on darwin');
    const empty = await mkdtemp(join(tmpdir(), 'reft-modules-'));
    expect(() => pathsToLeaveOut(empty, 'linux', 'x64')).toThrow('onnxruntime-node');
    await rm(empty, { recursive: true });
  });

  it('leaves less than 350 MB of packages and sources, which with the base (220 MB) stay below 600', () => {
    const lock: { packages: Record<string, { dev?: boolean }> } = JSON.parse(read('package-lock.json'));
    const inProduction = Object.entries(lock.packages)
      .filter(([path, { dev }]) => path !== '' && dev !== true && existsSync(join(root, path)))
      .reduce((total, [path]) => total + bytesOf(join(root, path)), 0);
    const withoutOthers =
      inProduction - leftOut(process.arch).reduce((total, path) => total + bytesOf(join(modules, path)), 0);
    const ownSources = rooms.reduce((total, room) => total + bytesOf(join(root, room)), 0);
    const megabytes = (withoutOthers + ownSources) / 1e6;
    expect(megabytes).toBeGreaterThan(100);
    expect(megabytes).toBeLessThan(350);
  });
});

/** What a folder takes on a disk with blocks of 4 KiB, but for packages inside it, which the lock counts by themselves. */
function bytesOf(folder: string): number {
  const block = 4096;
  return readdirSync(folder, { withFileTypes: true }).reduce((total, entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' ? total : total + block + bytesOf(path);
    return total + Math.ceil(lstatSync(path).size / block) * block;
  }, 0);
}
