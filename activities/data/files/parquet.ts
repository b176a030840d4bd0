/** Parquet, as Hugging Face publishes data sets: all of its compressions, nested and list columns included. */
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import type { FileRow } from './formats.js';

export async function readParquet(content: Uint8Array): Promise<FileRow[]> {
  const file = content.buffer.slice(content.byteOffset, content.byteOffset + content.byteLength) as ArrayBuffer;
  const rows = await parquetReadObjects({ file, compressors });
  return rows.map((value, index) => ({ row: index + 1, value }));
}
