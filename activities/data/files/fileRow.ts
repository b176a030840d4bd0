/** A row of a file, in whatever format. */

/** Counted from 1. One that the file's format cannot be read at has a problem instead of a value. */
export type FileRow =
  | { readonly row: number; readonly value: unknown }
  | { readonly row: number; readonly problem: string };
