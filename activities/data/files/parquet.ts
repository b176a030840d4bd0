/** Rows of Parquet, as Hugging Face publishes data sets: all of its compressions, nested and list columns included. */
import { open } from 'node:fs/promises';
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
  type SchemaTree,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import type { FileRow } from './fileRow.js';

/** Of a row group, decompressed: what of a file is in memory at a time. */
const mostGroupBytes = 2 ** 30;
const longestShown = 120;

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
    const known = new Set(namesIn(parquetSchema(metadata)));
    let rowStart = 0;
    for (const group of metadata.row_groups) {
      if (group.total_byte_size > mostGroupBytes)
        throw new Error(`a row group has ${group.total_byte_size} bytes, more than ${mostGroupBytes}`);
      checkColumns(group, known);
      const rowEnd = rowStart + Number(group.num_rows);
      const rows = await parquetReadObjects({ file, metadata, compressors, rowStart, rowEnd });
      for (const [index, value] of rows.entries()) yield { row: rowStart + index + 1, value };
      rowStart = rowEnd;
    }
  } finally {
    await handle.close();
  }
}

/**
 * A column that the library would not get to: one of another's name, or of a name that the schema does not have. What goes wrong with the others
 * would be nobody's to catch then, and end the process.
 */
function checkColumns({ columns }: FileMetaData['row_groups'][number], known: ReadonlySet<string>): void {
  const paths = columns.map(({ meta_data }) => nameOf(meta_data?.path_in_schema));
  const strange = paths.find((path, index) => !known.has(path) || paths.indexOf(path) < index);
  if (strange !== undefined)
    throw new Error(
      `a row group has the column ${strange.slice(0, longestShown)}, which is not one of its schema, or twice`,
    );
}

/** The columns of a schema: its leaves. */
function namesIn({ path, children }: SchemaTree): readonly string[] {
  return children.length === 0 ? [nameOf(path)] : children.flatMap(namesIn);
}

const nameOf = (path: readonly string[] | undefined): string => JSON.stringify(path ?? null);
