/** The safetensors format: round trips, damage, views of one buffer. */
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Parameters } from '../../../../activities/engine/weights/parameters.js';
import { readSafetensors, writeSafetensors } from '../../../../activities/engine/weights/safetensors.js';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'safetensors-'));
});
afterAll(() => rm(directory, { recursive: true }));

const tensors: Parameters = new Map([
  ['b.weight', { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, Number.NaN) }],
  ['a.weight', { shape: [1], data: Float32Array.of(-0) }],
  ['empty', { shape: [0, 4], data: new Float32Array(0) }],
  ['scalar', { shape: [], data: Float32Array.of(1e-40) }],
]);

/** A file with any header and data, for what the writer would never write. */
async function handMade(name: string, header: string, dataBytes: number): Promise<string> {
  const path = join(directory, name);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)));
  await writeFile(path, Buffer.concat([length, Buffer.from(header), Buffer.alloc(dataBytes)]));
  return path;
}

const entry = (begin: number, end: number, shape = [(end - begin) / 4], dtype = 'F32') =>
  JSON.stringify({ dtype, shape, data_offsets: [begin, end] });

describe('safetensors', () => {
  it('gives back what was written, bit for bit, as views of one buffer', async () => {
    const path = join(directory, 'round-trip');
    await writeSafetensors(path, tensors, { step: '3', format: 'pt' });
    const read = await readSafetensors(path);
    expect(read.metadata).toEqual({ step: '3', format: 'pt' });
    expect([...read.tensors.keys()].sort()).toEqual([...tensors.keys()].sort());
    for (const [name, tensor] of tensors) {
      const copy = read.tensors.get(name);
      expect(copy?.shape).toEqual(tensor.shape);
      expect(Buffer.from(copy?.data.slice().buffer ?? new ArrayBuffer())).toEqual(
        Buffer.from(tensor.data.slice().buffer),
      );
    }
    expect(new Set([...read.tensors.values()].map((tensor) => tensor.data.buffer)).size).toBe(1);
  });

  it('writes the same bytes whatever the insertion order, data on a multiple of 8, and leaves no partial file', async () => {
    const one = join(directory, 'one');
    const two = join(directory, 'two');
    await writeSafetensors(one, tensors, { a: '1', b: '2' });
    await writeSafetensors(two, new Map([...tensors].reverse()), { b: '2', a: '1' });
    const bytes = await readFile(one);
    expect(bytes.equals(await readFile(two))).toBe(true);
    expect(Number(bytes.readBigUInt64LE()) % 8).toBe(0);
    expect((await readdir(directory)).filter((name) => name.includes('partial'))).toEqual([]);
  });

  it('reads files of other writers, whose data may start at any byte', async () => {
    const header = '{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}} ';
    const { tensors: read } = await readSafetensors(await handMade('odd', header, 4));
    expect(read.get('x')?.data).toEqual(Float32Array.of(0));
  });

  it('refuses every truncation of a good file', async () => {
    const path = join(directory, 'cut');
    await writeSafetensors(path, tensors);
    const { length } = await readFile(path);
    for (let size = length - 1; size >= 0; size -= 7) {
      await truncate(path, size);
      await expect(readSafetensors(path)).rejects.toMatchObject({ name: 'InvalidModel' });
    }
  });

  it.each([
    ['integers', `{"x":${entry(0, 8, [1], 'I64')}}`, 8, /tensor x has dtype I64, supported: F32, F16, BF16/],
    ['unknown dtype', `{"x":${entry(0, 8, [4], 'F17')}}`, 8, /tensor x has dtype "F17"/],
    ['mislabelled dtype', `{"x":${entry(0, 8, [2], 'BF16')}}`, 8, /tensor x has 8 bytes.*needs 4/],
    ['shape and size apart', `{"x":${entry(0, 8, [3])}}`, 8, /tensor x has 8 bytes.*needs 12/],
    ['overlap', `{"x":${entry(0, 8)},"y":${entry(4, 12)}}`, 12, /tensor y overlaps/],
    ['gap', `{"x":${entry(0, 4)},"y":${entry(8, 12)}}`, 12, /bytes 4 to 8 before tensor y/],
    ['beyond the end', `{"x":${entry(0, 16)}}`, 8, /tensor x ends at byte 16/],
    ['bytes left over', `{"x":${entry(0, 4)}}`, 8, /4 bytes at the end/],
    ['backward offsets', `{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}`, 4, /invalid data_offsets \[4,0\]/],
    ['negative shape', `{"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}`, 4, /invalid shape \[-1\]/],
    ['ten axes', `{"x":${entry(0, 4, new Array(10).fill(1))}}`, 4, /tensor x has an invalid shape \[1,1,/],
    ['a shape beyond all numbers', `{"x":${entry(0, 4, [2 ** 50, 2 ** 50])}}`, 4, /tensor x has 4 bytes.*needs/],
    ['a shape of strings', `{"x":{"dtype":"F32","shape":["1"],"data_offsets":[0,4]}}`, 4, /invalid shape \["1"\]/],
    ['no shape', '{"x":{"dtype":"F32","data_offsets":[0,4]}}', 4, /invalid shape missing/],
    ['a tensor that is a number', '{"__proto__":3}', 0, /tensor __proto__ is not described by an object/],
    ['brackets without end', '['.repeat(200_000), 0, /more than 64 deep/],
    ['same name twice', `{"x":${entry(0, 4)},"x":${entry(0, 4)}}`, 4, /tensor x is named twice/],
    ['escaped name twice', `{"x":${entry(0, 4)},"\\u0078":${entry(4, 8)}}`, 8, /tensor x is named twice/],
    ['not JSON', '{"x":', 0, /not JSON/],
    ['a list', '[]', 0, /not a JSON object/],
    ['metadata of numbers', '{"__metadata__":{"step":3}}', 0, /__metadata__/],
  ])('refuses a file with %s, naming it', async (name, header, dataBytes, message) => {
    const path = await handMade(name, header, dataBytes);
    await expect(readSafetensors(path)).rejects.toThrow(message);
    await expect(readSafetensors(path)).rejects.toThrow(path);
    await expect(readSafetensors(path)).rejects.toMatchObject({ name: 'InvalidModel' });
  });

  it('refuses a header length beyond the limit without allocating it', async () => {
    const path = join(directory, 'huge');
    await writeFile(path, Buffer.alloc(16, 0xff));
    await expect(readSafetensors(path)).rejects.toThrow(/at most 100000000/);
  });

  const long = 'x'.repeat(1_000_000);
  it.each([
    ['a wrong size', `{"${long}":${entry(0, 8, [3])}}`],
    ['integers', `{"${long}":${entry(0, 8, [1], 'I64')}}`],
    ['an unknown dtype', `{"a":${entry(0, 8, [1], long)}}`],
    ['an overlap', `{"a":${entry(0, 8)},"${long}":${entry(4, 8)}}`],
    ['a gap', `{"a":${entry(0, 0)},"${long}":${entry(4, 8)}}`],
    ['an end beyond the file', `{"${long}":${entry(0, 16)}}`],
    ['a name twice', `{"${long}":${entry(0, 8)},"${long}":${entry(0, 8)}}`],
    ['no fault but its length', `{"${long}":${entry(0, 8)}}`],
    ['a shape of many axes', `{"a":${entry(0, 8, new Array(100_000).fill(1))}}`],
    ['offsets without end', `{"a":{"dtype":"F32","shape":[2],"data_offsets":[${'0,'.repeat(100_000)}-1]}}`],
  ])('keeps a hostile header out of the message: %s', async (name, header) => {
    const path = await handMade(`long ${name}`, header, 8);
    const error = await readSafetensors(path).catch((reason: Error) => reason);
    expect(error).toMatchObject({ name: 'InvalidModel', message: expect.stringMatching(/^.{1,500}$/) });
  });

  it('knows a Git LFS pointer', async () => {
    const path = join(directory, 'pointer');
    await writeFile(path, 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 269060280\n');
    await expect(readSafetensors(path)).rejects.toMatchObject({
      name: 'InvalidModel',
      message: expect.stringContaining(`${path}: a Git LFS pointer`),
    });
  });

  it('refuses to write a tensor whose shape does not fit its data', async () => {
    const wrong: Parameters = new Map([['x', { shape: [2], data: new Float32Array(3) }]]);
    await expect(writeSafetensors(join(directory, 'wrong'), wrong)).rejects.toThrow(/tensor x has 3 values/);
  });
});
