/** The formats that rows are read from. A file's first bytes say which it is; its name where they do not. */
import { open } from 'node:fs/promises';
import { extname } from 'node:path';
import type { FileFormat } from '../../../workflows/config/data.js';
import { readDelimited } from './delimited.js';
import type { FileRow } from './fileRow.js';
import { readJsonArray, readJsonLines } from './json.js';
import { readParquet } from './parquet.js';
import { readXml } from './xml.js';

/** Gives rows one after another. @throws Error telling what is wrong where the file cannot be read on. */
export type RowReader = (path: string) => Iterable<FileRow> | AsyncIterable<FileRow>;

const endings: Readonly<Record<string, FileFormat>> = {
  '.json': 'json',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.csv': 'csv',
  '.tsv': 'tsv',
  '.parquet': 'parquet',
  '.xml': 'xml',
};

const readers: Readonly<Record<Exclude<FileFormat, 'json'>, RowReader>> = {
  jsonl: readJsonLines,
  csv: (path) => readDelimited(path, ','),
  tsv: (path) => readDelimited(path, '\t'),
  parquet: readParquet,
  xml: readXml,
};

export interface Recognised {
  readonly format: FileFormat;
  readonly read: RowReader;
}

const gzipStart = Buffer.from([0x1f, 0x8b]);

/** Whether the file's bytes are compressed by gzip. */
export async function isGzip(path: string): Promise<boolean> {
  return startsWith(await headOf(path, gzipStart.length), gzipStart);
}

/**
 * The format of a file.
 *
 * @param name the file's, without an ending that says how it is compressed
 * @param told by the specification: then the content decides only whether JSON is an array or lines
 * @throws Error when neither tells it, or the content is of a known kind that no rows are read from.
 */
export async function recognise(path: string, name: string, told: FileFormat | undefined): Promise<Recognised> {
  const head = await headOf(path, 2 ** 16);
  const named = told ?? endings[extname(name).toLowerCase()];
  if (told === undefined && startsWith(head, Buffer.from('PAR1'))) return { format: 'parquet', read: readParquet };
  const start = head
    .toString()
    .replace(/^\ufeff/, '')
    .trimStart();
  if (named !== 'parquet') refuseOthers(head, start);
  if (told === undefined || told === 'json' || told === 'jsonl') {
    const json = jsonForm(start, named);
    if (json !== null) return json;
  }
  if (named === undefined)
    throw new Error('neither its name nor its content tells its format; give {"from": …, "format": …}');
  if (named === 'json') {
    if (start === '') return { format: 'json', read: () => [] };
    throw new Error('it holds neither a JSON array nor JSON Lines');
  }
  return { format: named, read: readers[named] };
}

/** JSON by its first characters: an array of records, or records a line each; null where it is neither. */
function jsonForm(start: string, named: FileFormat | undefined): Recognised | null {
  if (start.startsWith('[')) {
    // Lines that are lists are no rows, but whoever calls a file JSON Lines may have one such among others.
    const isArray = named === 'json' || /^\[\s*[{\]]/.test(start);
    return isArray ? { format: 'json', read: readJsonArray } : null;
  }
  // A record over several lines has its first name on the next; in other text no name in quotes follows a brace.
  return /^\{[^\S\n]*["}]/.test(start) ? { format: 'jsonl', read: readJsonLines } : null;
}

/** How files begin that people take for data, and what is said of them. */
const others: readonly (readonly [start: Uint8Array, problem: string])[] = [
  [Buffer.from('PK\x03\x04'), 'it is a ZIP archive or a spreadsheet'],
  [Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), 'it is compressed by zstd; only gzip is unpacked'],
  [Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a]), 'it is compressed by xz; only gzip is unpacked'],
  [Buffer.from('BZh'), 'it is compressed by bzip2; only gzip is unpacked'],
  [Buffer.from([0xff, 0xfe]), 'it is UTF-16; save it as UTF-8'],
  [Buffer.from([0xfe, 0xff]), 'it is UTF-16; save it as UTF-8'],
  [Buffer.from('version https://git-lfs.'), 'it is a pointer of Git LFS, not the file itself'],
];

/** @throws Error for content that would be read as rows of nonsense. */
function refuseOthers(head: Uint8Array, text: string): void {
  for (const [start, problem] of others) if (startsWith(head, start)) throw new Error(problem);
  if (/^<(!doctype html|html)\b/i.test(text)) throw new Error('it is a web page');
  // Text has no zeros; UTF-16 of Latin letters has one in every pair of bytes.
  if (head.subarray(0, 64).filter((byte) => byte === 0).length > 8) throw new Error('it is UTF-16 or no text');
  if (text.includes('\r') && !text.includes('\n') && text.trimEnd().includes('\r'))
    throw new Error('its lines end with a carriage return alone; save it with line feeds');
}

async function headOf(path: string, most: number): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(most), 0, most, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  return bytes.length >= start.length && start.every((byte, index) => bytes[index] === byte);
}
