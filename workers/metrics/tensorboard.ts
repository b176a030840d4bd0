/**
 * Metrics as a TensorBoard event file: records (TFRecord: length, data, each with a masked CRC-32C) of `Event` messages.
 *
 * The messages are three fields deep, so they are written by protobufjs's writer with their numbers, which `event.proto` and `summary.proto`
 * of TensorBoard name.
 */
import { appendFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Crc32cJs } from '@aws-sdk/checksums/crc';
import protobuf from 'protobufjs';
import type { CurvePoint } from '../../activities/report/types.js';
import type { MetricSink } from './sink.js';

const ending = '.reft';

/**
 * Takes the place of a file that this wrote into the folder before: the same points are not there twice.
 * @param directory of one run, as TensorBoard shows runs
 */
export async function openEventFile(directory: string): Promise<MetricSink> {
  await mkdir(directory, { recursive: true });
  for (const name of await readdir(directory))
    if (name.startsWith('events.out.tfevents.') && name.endsWith(ending)) await rm(join(directory, name));
  const seconds = Math.floor(Date.now() / 1_000);
  const path = join(directory, `events.out.tfevents.${seconds}.${hostname()}${ending}`);
  await writeFile(path, await record(event((writer) => writer.uint32(tag(3, bytes)).string('brain.Event:2'))));
  return {
    place: directory,
    // Each point is written when it is there.
    close: async () => undefined,
    async write(points) {
      await appendFile(path, Buffer.concat(await Promise.all(points.map((point) => record(scalarsOf(point))))));
    },
  };
}

/** Wire types of Protocol Buffers. */
const [varint, fixed64, bytes, fixed32] = [0, 1, 2, 5] as const;
const tag = (field: number, wire: number): number => (field << 3) | wire;

/** `wall_time` 1, and what `rest` adds: `step` 2, `file_version` 3, `summary` 5. */
function event(rest: (writer: protobuf.Writer) => protobuf.Writer): Uint8Array {
  const writer = protobuf.Writer.create()
    .uint32(tag(1, fixed64))
    .double(Date.now() / 1_000);
  return rest(writer).finish();
}

/** One event with a value a metric, called `<phase>/<metric>`. Values that are not finite are left out. */
function scalarsOf({ phase, step, metrics }: CurvePoint): Uint8Array {
  return event((writer) => {
    writer.uint32(tag(2, varint)).int64(step).uint32(tag(5, bytes)).fork();
    for (const [name, value] of Object.entries(metrics)) {
      if (!Number.isFinite(value)) continue;
      // Summary.value 1: tag 1, simple_value 2.
      writer.uint32(tag(1, bytes)).fork();
      writer.uint32(tag(1, bytes)).string(`${phase}/${name}`);
      writer.uint32(tag(2, fixed32)).float(value).ldelim();
    }
    return writer.ldelim();
  });
}

async function record(data: Uint8Array): Promise<Buffer> {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(data.length));
  return Buffer.concat([length, await maskedCrc(length), data, await maskedCrc(data)]);
}

const maskDelta = 0xa282ead8;

/** Rotated and shifted, as TFRecord stores sums of data that may hold sums themselves. */
async function maskedCrc(data: Uint8Array): Promise<Buffer> {
  const checksum = new Crc32cJs();
  checksum.update(data);
  const sum = Buffer.from(await checksum.digest()).readUInt32BE();
  const masked = (((sum >>> 15) | (sum << 17)) + maskDelta) >>> 0;
  const written = Buffer.alloc(4);
  written.writeUInt32LE(masked);
  return written;
}
