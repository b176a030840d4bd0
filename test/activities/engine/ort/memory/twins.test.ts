/** What is kept on a device, and what goes there and back: on ordinary memory in the place of a device's. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createGraph, input, output } from '../../../../../activities/engine/graph/graph.js';
import { add, multiply } from '../../../../../activities/engine/graph/operators.js';
import {
  clear,
  copyTwins,
  deviceMemory,
  fetch,
  find,
  leave,
  leaveBuffers,
  place,
  reserve,
  transfersSoFar,
  trimTwins,
} from '../../../../../activities/engine/ort/memory/twins.js';
import { createInPlaceSession, runInPlace } from '../../../../../activities/engine/ort/runInPlace.js';
import { float32 } from '../../../../../activities/engine/ort/tensors.js';

beforeAll(() => {
  vi.stubEnv('REFT_DEVICE', 'cpu-resident');
});
afterAll(() => {
  vi.unstubAllEnvs();
});

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array) => new Uint8Array(buffer, byteOffset, byteLength);
const tensor = (...numbers: number[]) => float32(Float32Array.from(numbers), [numbers.length]);
const numbersIn = ({ data }: ReturnType<typeof tensor>) => [...(data as Float32Array)];

/** updated.x = x + y, and twice as much. */
function sums() {
  const graph = createGraph();
  const sum = add(input(graph, 'x', 'float32', ['n']), input(graph, 'y', 'float32', ['n']));
  output(sum, 'updated.x');
  output(multiply(sum, 2), 'doubled');
  return createInPlaceSession(graph, 'resident');
}

async function transfersOf(work: () => Promise<void> | void) {
  const before = transfersSoFar();
  await work();
  const after = transfersSoFar();
  return { uploads: after.uploads - before.uploads, downloads: after.downloads - before.downloads };
}

describe('a tensor on the device', () => {
  it('is updated there, run by run, and read when it is fetched', async () => {
    const session = await sums();
    const [x, y, doubled] = [tensor(1, 2, 3), tensor(10, 20, 30), tensor(0, 0, 0)];
    place({ x });
    const bound = session.bind({ x, y }, { 'updated.x': x, doubled });
    // One copy takes all that travels there, one brings all back.
    expect(await transfersOf(() => bound.run())).toEqual({ uploads: 1, downloads: 1 });
    await bound.run();
    bound.release();
    expect(numbersIn(doubled)).toEqual([42, 84, 126]);
    expect(numbersIn(x)).toEqual([1, 2, 3]);
    expect(await transfersOf(() => fetch({ x }))).toEqual({ uploads: 0, downloads: 1 });
    expect(numbersIn(x)).toEqual([21, 42, 63]);
    expect(await transfersOf(() => fetch({ x }))).toEqual({ uploads: 0, downloads: 0 });
    leave({ x });
    await session.release();
  });

  it('needs no copy where all that a run takes is there', async () => {
    const session = await sums();
    const [x, y, doubled] = [tensor(1), tensor(2), tensor(0)];
    place({ x, y, doubled });
    const runs = () => runInPlace(session, { x, y }, { 'updated.x': x, doubled });
    expect(await transfersOf(runs)).toEqual({ uploads: 0, downloads: 0 });
    fetch({ doubled });
    expect(numbersIn(doubled)).toEqual([6]);
    leave({ x, y, doubled });
    await session.release();
  });

  it('starts at a multiple of 256 bytes, in one allocation with those that come with it', () => {
    const array = new Float32Array(100);
    const parts = { a: float32(array.subarray(0, 3), [3]), b: float32(array.subarray(3, 8), [5]), c: tensor(1) };
    const { free } = deviceMemory().room();
    place(parts);
    const found = Object.values(parts).map(({ data }) => find(bytesOf(data as Float32Array)));
    for (const twin of found) expect(Number(twin?.address) % 256).toBe(0);
    expect(new Set(found.map((twin) => twin?.part.allocation)).size).toBe(1);
    const view = array.subarray(5, 7);
    expect(find(bytesOf(view))?.address).toBe(BigInt(found[1]?.address ?? 0) + 8n);
    expect(() => find(bytesOf(array.subarray(2, 4)))).toThrow(/in part/);
    expect(() => place({ all: float32(array, [100]) })).toThrow(/in part/);
    leave(parts);
    expect(deviceMemory().room().free).toBe(free);
  });

  it('is filled with zeros there', () => {
    const x = tensor(1, 2);
    place({ x });
    clear({ x });
    expect(numbersIn(x)).toEqual([1, 2]);
    fetch({ x });
    expect(numbersIn(x)).toEqual([0, 0]);
    leave({ x });
    const onHost = tensor(3);
    clear({ onHost });
    expect(numbersIn(onHost)).toEqual([0]);
  });

  it('is copied in blocks, from rows of one distance to rows of another', () => {
    // Two groups of two rows: of 2 of 3 floats, to rows 5 floats apart and groups 3 rows apart.
    const [from, to] = [tensor(...Array.from({ length: 12 }, (_, i) => i + 1)), float32(new Float32Array(30), [30])];
    place({ from, to });
    const array = (x: typeof from) => x.data as Float32Array;
    const sizes = { bytes: 8, rows: 2, count: 2 };
    const source = { array: array(from), pitch: 12, rowsApart: 2 };
    expect(copyTwins(sizes, source, { array: array(to), pitch: 20, rowsApart: 3 })).toBe(true);
    fetch({ to });
    const rows = Array.from({ length: 6 }, (_, row) => [...array(to).subarray(5 * row, 5 * row + 2)]);
    expect(rows).toEqual([
      [1, 2],
      [4, 5],
      [0, 0],
      [7, 8],
      [10, 11],
      [0, 0],
    ]);
    expect(copyTwins(sizes, { ...source, array: new Float32Array(12) }, source)).toBe(false);
    leave({ from, to });
  });
});

describe('between two tasks', () => {
  it('what was written and not fetched is freed, and what is up to date stays', async () => {
    const session = await sums();
    const [x, y] = [tensor(1), tensor(2)];
    const reserved = new Float32Array(1);
    const doubled = float32(reserved, [1]);
    place({ x, y });
    reserve([reserved.buffer]);
    await runInPlace(session, { x, y }, { 'updated.x': x, doubled });
    fetch({ doubled });
    expect([...reserved]).toEqual([6]);
    trimTwins();
    expect(find(bytesOf(x.data as Float32Array))).toBeNull();
    for (const { data } of [y, doubled]) expect(find(bytesOf(data as Float32Array))).not.toBeNull();
    leave({ y });
    leaveBuffers([reserved.buffer]);
    await session.release();
  });
});

it('keeps nothing after 500 times create, place, run and release', async () => {
  const [x, y, doubled] = [tensor(1, 2), tensor(1, 2), tensor(0, 0)];
  const large = float32(new Float32Array(250_000), [250_000]);
  const cycle = async () => {
    const session = await sums();
    place({ x, y, large });
    const bound = session.bind({ x, y }, { 'updated.x': x, doubled });
    await bound.run();
    bound.release();
    leave({ x, y, large });
    await session.release();
  };
  for (let warmUp = 0; warmUp < 50; warmUp++) await cycle();
  const [{ free }, rss] = [deviceMemory().room(), process.memoryUsage.rss()];
  for (let times = 0; times < 500; times++) await cycle();
  expect(deviceMemory().room().free).toBe(free);
  // An array that was kept would be 1 MB a time.
  expect(process.memoryUsage.rss() - rss).toBeLessThan(80e6);
});
