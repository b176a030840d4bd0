/**
 * A data file on this machine: checked against the checksum given for it, unpacked where it is compressed, and read row by row. A
 * row that cannot be read is passed on with its problem; a file with too many of them is refused.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { DataFileSpec } from '../../../workflows/config/data.js';
import { InvalidData, messageOf } from '../../errors.js';
import { boundProblem, mostFileBytes } from './bounds.js';
import { tooLarge } from './download.js';
import type { ObtainedFile } from './fileAccess.js';
import type { FileRow } from './fileRow.js';
import { isGzip, recognise } from './formats.js';

/** Of a file's rows so many may be unreadable; of a small file so many whatever their share. */
const mostUnreadable = { share: 0.1, rows: 10 };

export interface OpenedFile {
  readonly name: string;
  /** Of the file as it came. */
  readonly sha256: string;
  /** To be gone through once. @throws InvalidData when it has no rows, or too many that cannot be read. */
  readonly rows: () => AsyncIterable<FileRow>;
}

/**
 * A file's checksum, and where its content lies once it is no longer compressed.
 * @throws InvalidData when its checksum is not the one given, or it is damaged.
 */
export async function readUnpacked(
  { name, path }: ObtainedFile,
  spec: DataFileSpec,
  workDirectory: string,
): Promise<{ readonly sha256: string; readonly path: string }> {
  const { sha256: expected } = typeof spec === 'string' ? {} : spec;
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  const sha256 = hash.digest('hex');
  if (expected !== undefined && sha256 !== expected.toLowerCase())
    throw new InvalidData(`${name}: its sha256 is ${sha256}, the specification says ${expected}`);
  return { sha256, path: (await isGzip(path)) ? await unpack(name, path, workDirectory) : path };
}

/**
 * @param workDirectory where it is unpacked
 * @throws InvalidData when its checksum is not the one given, or its format is not known.
 */
export async function openDataFile(
  obtained: ObtainedFile,
  spec: DataFileSpec,
  workDirectory: string,
): Promise<OpenedFile> {
  const { name } = obtained;
  const { format: told } = typeof spec === 'string' ? {} : spec;
  const { sha256, path } = await readUnpacked(obtained, spec, workDirectory);
  const plainName = name.replace(/\.(gz|gzip)$/i, '');
  const { format, read } = await recognise(path, plainName, told).catch((error: unknown) => {
    throw new InvalidData(`${name} cannot be read: ${messageOf(error)}`, { cause: error });
  });

  async function* rows(): AsyncGenerator<FileRow> {
    let all = 0;
    let unreadable = 0;
    let first = '';
    try {
      for await (const line of read(path)) {
        all += 1;
        const checked = within(line);
        if ('problem' in checked) {
          if (unreadable === 0) first = `row ${checked.row}: ${checked.problem}`;
          unreadable += 1;
        }
        yield checked;
      }
    } catch (error) {
      throw new InvalidData(`${name} cannot be read as ${format}: ${messageOf(error)}`, { cause: error });
    }
    if (all === 0) throw new InvalidData(`${name} has no rows`);
    const bearable = Math.max(mostUnreadable.rows, mostUnreadable.share * all);
    if (unreadable > bearable || unreadable === all)
      throw new InvalidData(
        `${name} cannot be read as ${format}: ${unreadable} of its ${all} rows cannot, the first is ${first}`,
      );
  }
  return { name, sha256, rows };
}

function within(line: FileRow): FileRow {
  const problem = 'problem' in line ? null : boundProblem(line.value);
  return problem === null ? line : { row: line.row, problem };
}

async function unpack(name: string, path: string, workDirectory: string): Promise<string> {
  const unpacked = join(workDirectory, randomUUID());
  let bytes = 0;
  const limited = async function* (source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      bytes += chunk.length;
      if (bytes > mostFileBytes) throw tooLarge(`${name}, unpacked,`, mostFileBytes);
      yield chunk;
    }
  };
  await pipeline(createReadStream(path), createGunzip(), limited, createWriteStream(unpacked)).catch(
    (error: unknown) => {
      if (error instanceof InvalidData) throw error;
      throw new InvalidData(`${name} cannot be unpacked: ${messageOf(error)}`, { cause: error });
    },
  );
  return unpacked;
}
