/** Widening of 16-bit floats to float32: exact, so nothing is lost on the way in. */

/** The 16-bit types that models are stored in. */
export type HalfType = 'F16' | 'BF16';

/** Values of little-endian 16-bit floats. */
export function widen(type: HalfType, bytes: Uint8Array<ArrayBuffer>): Float32Array {
  // Views, because they give numbers only: an array's elements may be missing to the compiler, and checks take most of the time here.
  const halves = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const result = new Float32Array(bytes.byteLength / 2);
  // As bits, so that no NaN is changed on the way.
  const bits = new Uint32Array(result.buffer);
  if (type === 'BF16')
    for (let index = 0; index < bits.length; index++) bits[index] = halves.getUint16(2 * index, true) << 16;
  else
    for (let index = 0; index < bits.length; index++)
      bits[index] = float16Bits.getUint32(4 * halves.getUint16(2 * index, true), true);
  return result;
}

/** The float32 of every float16, little-endian: 5 bits of exponent (bias 15), 10 of fraction. */
const float16Bits = new DataView(new ArrayBuffer(4 * 2 ** 16));
for (let half = 0; half < 2 ** 16; half++) float16Bits.setUint32(4 * half, widened(half), true);

/** The bits of a float16 as a float32's. */
function widened(half: number): number {
  const [sign, exponent, fraction] = [(half & 0x8000) << 16, (half >> 10) & 0x1f, half & 0x3ff];
  if (exponent === 0x1f) return (sign | 0x7f800000 | (fraction << 13)) >>> 0;
  if (exponent > 0) return (sign | ((exponent + 112) << 23) | (fraction << 13)) >>> 0;
  // Zero, and numbers below 2⁻¹⁴, which float32 holds as ordinary ones.
  const value = new DataView(Float32Array.of(fraction * 2 ** -24).buffer).getUint32(0, true);
  return (sign | value) >>> 0;
}
