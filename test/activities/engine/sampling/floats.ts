/** An array of floats, where the type allows others. */
export function floats(array: Float32Array | Uint16Array | undefined): Float32Array {
  if (array instanceof Float32Array) return array;
  throw new Error('a cache of float32 is expected');
}
