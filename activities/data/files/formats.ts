/** The file formats that rows are read from, by the ending of a file's name. */
import { extname } from 'node:path';
import type { FileFormat } from '../../../workflows/config/data.js';
import { readDelimited } from './delimited.js';
import { readJson, readJsonLines } from './json.js';
import { readParquet } from './parquet.js';

/** A row of a file, counted from 1. One that the file's format cannot be read at has a problem instead of a value. */
export type FileRow =
  | { readonly row: number; readonly value: unknown }
  | { readonly row: number; readonly problem: string };

/** @throws Error telling what is wrong where nothing of the file can be read. */
type Reader = (content: Uint8Array) => readonly FileRow[] | Promise<readonly FileRow[]>;

export const readers: Readonly<Record<FileFormat, Reader>> = {
  json: readJson,
  jsonl: readJsonLines,
  csv: (content) => readDelimited(content, ','),
  tsv: (content) => readDelimited(content, '\t'),
  parquet: readParquet,
};

const endings: Readonly<Record<string, FileFormat>> = {
  '.json': 'json',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.csv': 'csv',
  '.tsv': 'tsv',
  '.parquet': 'parquet',
};

/** The format that a file's name ends in; undefined where it tells none. */
export function formatOf(name: string): FileFormat | undefined {
  return endings[extname(name).toLowerCase()];
}
