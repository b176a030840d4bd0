/** Widening of 16-bit floats to float32: exact, so nothing is lost on the way in. */

/** The 16-bit types that models are stored in. */
export type HalfType = 'F16' | 'BF16';

/** Values of little-endian 16-bit floats. */
export function widen(type: HalfType, bytes: Uint8Array<ArrayBuffer>): Float32Array {
  const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
  const result = new Float32Array(halves.length);
  // As bits, so that no NaN is changed on the way.
  const bits = new Uint32Array(result.buffer);
  if (type === 'BF16') for (let index = 0; index < halves.length; index++) bits[index] = (halves[index] ?? 0) << 16;
  else for (let index = 0; index < halves.length; index++) bits[index] = float16Bits[halves[index] ?? 0] ?? 0;
  return result;
}

/** The float32 of every float16: 5 bits of exponent (bias 15), 10 of fraction. */
const float16Bits = Uint32Array.from({ length: 2 ** 16 }, (_, half) => {
  const [sign, exponent, fraction] = [(half & 0x8000) << 16, (half >> 10) & 0x1f, half & 0x3ff];
  if (exponent === 0x1f) return (sign | 0x7f800000 | (fraction << 13)) >>> 0;
  if (exponent > 0) return (sign | ((exponent + 112) << 23) | (fraction << 13)) >>> 0;
  // Zero, and numbers below 2⁻¹⁴, which float32 holds as ordinary ones.
  const [value] = new Uint32Array(Float32Array.of(fraction * 2 ** -24).buffer);
  return (sign | (value ?? 0)) >>> 0;
});
