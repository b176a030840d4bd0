/**
 * What servers of S3 differ in, as far as the store's requests depend on it. The probe (`probe.ts`) finds it out; nothing that a server
 * lacks makes the store less safe.
 *
 * **Without checksums** (CRC32) a request still carries the sha256 of its content, which its signature covers. Objects are named by that
 * sha256, published names have it in their metadata, and both are checked when read.
 *
 * **Without conditional writes** two processes may write the same key at once. Whoever writes `objects/<h>` has hashed the bytes before
 * and sends bytes whose sha256 is h, so each of the writes leaves the same object, whichever comes last; and a write becomes visible
 * whole, in parts or not, as S3 promises. So the condition only saves sending what is there, and a question beforehand saves it as well.
 */
export type Addressing = 'path' | 'virtual';

export interface Dialect {
  /** What goes with a content, beside the sha256 in the request's signature. */
  readonly checksums: 'crc32' | 'none';
  /** Whether `If-None-Match: *` keeps a write from replacing an object. */
  readonly conditionalWrites: boolean;
  /** The same at the end of an upload in parts. */
  readonly conditionalParts: boolean;
  /** Whether large objects can be sent in parts; if not, they are sent as one, up to 5 GiB. */
  readonly uploadsInParts: boolean;
}

/** Amazon's. */
export const usualDialect: Dialect = {
  checksums: 'crc32',
  conditionalWrites: true,
  conditionalParts: true,
  uploadsInParts: true,
};

/** The key, behind the prefix, of an object that is there once a probe has been made. */
export const probeKey = 'write-check';
