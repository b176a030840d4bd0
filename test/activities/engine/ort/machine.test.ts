/** What a container may use is read from its control groups, laid out here as the kernel lays them out. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { machine, usableMachine } from '../../../../activities/engine/ort/machine.js';

const gib = 2 ** 30;
const host = { cores: 64, memoryBytes: 256 * gib };

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'reft-cgroup-'));
});
afterEach(() => rm(root, { recursive: true }));

/** @param files by their path below /sys/fs/cgroup. */
async function lay(group: string, files: Readonly<Record<string, string>>): Promise<void> {
  const all = { 'proc/self/cgroup': `0::${group}\n` };
  const below = Object.entries(files).map(([path, text]) => [join('sys/fs/cgroup', path), `${text}\n`] as const);
  for (const [path, text] of [...Object.entries(all), ...below]) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
}

describe('case cgroup-limits', () => {
  it('two cores and 4 GiB of a host with 64', async () => {
    await lay('/', { 'cpu.max': '200000 100000', 'memory.max': String(4 * gib) });
    expect(usableMachine(root, host)).toEqual({ cores: 2, memoryBytes: 4 * gib });
  });

  it.each([
    ['max 100000', 64],
    ['350000 100000', 3],
    ['50000 100000', 1],
    ['20000 10000', 2],
    ['9900000 100000', 64],
  ])('cpu.max %s leaves %i cores', async (line, cores) => {
    await lay('/', { 'cpu.max': line });
    expect(usableMachine(root, host)).toEqual({ ...host, cores });
  });

  it.each([
    [{ 'memory.max': 'max' }, 256],
    [{ 'memory.max': String(8 * gib), 'memory.high': String(6 * gib) }, 6],
    [{ 'memory.max': String(8 * gib), 'memory.high': 'max' }, 8],
    [{ 'memory.max': String(512 * gib) }, 256],
  ])('%j leaves %i GiB', async (files, memory) => {
    await lay('/', files);
    expect(usableMachine(root, host)).toEqual({ ...host, memoryBytes: memory * gib });
  });

  it('the narrowest of the groups around the process counts', async () => {
    await lay('/pods/pod1/worker', {
      'pods/cpu.max': '800000 100000',
      'pods/pod1/cpu.max': '300000 100000',
      'pods/pod1/worker/cpu.max': 'max 100000',
      'pods/memory.max': String(2 * gib),
      'pods/pod1/worker/memory.max': String(4 * gib),
      'pods/pod2/cpu.max': '100000 100000',
    });
    expect(usableMachine(root, host)).toEqual({ cores: 3, memoryBytes: 2 * gib });
  });

  it('a container that is told the path of its host finds its own group at the top', async () => {
    await lay('/system.slice/docker-abc.scope', { 'cpu.max': '200000 100000' });
    expect(usableMachine(root, host).cores).toBe(2);
  });

  it('without control groups of the second version the machine is what Node says', async () => {
    expect(usableMachine(root, host)).toEqual(host);
    await mkdir(join(root, 'proc/self'), { recursive: true });
    await writeFile(join(root, 'proc/self/cgroup'), '4:memory:/a\n');
    expect(usableMachine(root, host)).toEqual(host);
  });

  it('this process has no more than the machine', () => {
    expect(machine.cores).toBeGreaterThanOrEqual(1);
    expect(machine.cores).toBeLessThanOrEqual(availableParallelism());
    expect(machine.memoryBytes).toBeGreaterThan(2 ** 27);
    expect(machine.memoryBytes).toBeLessThanOrEqual(totalmem());
  });
});
