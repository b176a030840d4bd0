/** Bytes as people read them. Pure. */

/** `0.41 GiB`, `12.3 GiB`; what is less than a mebibyte as it is: `1020 bytes`. */
export function gibibytes(bytes: number): string {
  if (bytes < 2 ** 20) return `${Math.ceil(bytes)} bytes`;
  return `${(bytes / 2 ** 30).toFixed(bytes < 2 ** 30 ? 2 : 1)} GiB`;
}
