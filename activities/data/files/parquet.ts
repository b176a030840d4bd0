/** Rows of Parquet, as Hugging Face publishes data sets: all of its compressions, nested and list columns included. */
import { open } from 'node:fs/promises';
import { type AsyncBuffer, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import type { FileRow } from './fileRow.js';

/** Of a row group, decompressed: what of a file is in memory at a time. */
const mostGroupBytes = 2 ** 30;

/** A row group at a time. @throws Error when the file is none of Parquet, or a row group of it is too large. */
export async function* readParquet(path: string): AsyncGenerator<FileRow> {
  const handle = await open(path);
  try {
    const file: AsyncBuffer = {
      byteLength: (await handle.stat()).size,
      async slice(start, end = file.byteLength) {
        const bytes = new Uint8Array(end - start);
        await handle.read(bytes, 0, bytes.length, start);
        return bytes.buffer;
      },
    };
    const metadata = await parquetMetadataAsync(file);
    let rowStart = 0;
    for (const group of metadata.row_groups) {
      if (group.total_byte_size > mostGroupBytes)
        throw new Error(`a row group has ${group.total_byte_size} bytes, more than ${mostGroupBytes}`);
      const rowEnd = rowStart + Number(group.num_rows);
      const rows = await parquetReadObjects({ file, metadata, compressors, rowStart, rowEnd });
      for (const [index, value] of rows.entries()) yield { row: rowStart + index + 1, value };
      rowStart = rowEnd;
    }
  } finally {
    await handle.close();
  }
}
