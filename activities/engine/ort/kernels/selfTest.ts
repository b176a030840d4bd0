/**
 * Proves our own kernels on a device: a small model of all fused operators, its gradients included, once with them and once in plain
 * operators. What differs by more than rounding in half precision does not run.
 */

import { rmsNorm, swiglu } from '../../graph/customGradients.js';
import { emulate } from '../../graph/emulate.js';
import { fusedAttention, fusedCrossEntropy, fusedNames } from '../../graph/fusedOperators.js';
import { gradients } from '../../graph/gradients.js';
import { createGraph, type Graph, type HalfType, input, output } from '../../graph/graph.js';
import { lower } from '../../graph/lower.js';
import { serialise } from '../../graph/onnx/serialise.js';
import { matmul, reshape, sum } from '../../graph/operators.js';
import { inHalfPrecision } from '../../graph/precision.js';
import { kernelPreferences } from '../../graph/preferences.js';
import type { BoundSession } from '../capi/session.js';
import type { Device } from '../devices.js';
import type { Tensors } from '../session.js';
import { float32, int64 } from '../tensors.js';

/** Rounded to 8 and to 11 bits, at each of a handful of steps. */
const bounds: Readonly<Record<HalfType, number>> = { bfloat16: 2e-2, float16: 3e-3 };

/** Longer than a warp and a block of threads, and no multiples of what a thread reads at once. */
const [batch, time, width, vocabulary, window] = [2, 41, 71, 700, 33];
const rows = batch * time;
/** Of products: their results are then about as large as what they are made of. */
const alpha = 0.12;
const shapes = {
  x: [rows, width],
  gain: [width],
  gates: [width, width],
  ups: [width, width],
  head: [vocabulary, width],
};

/** @returns how it differs; null where it does not. */
export async function faultOfKernels(
  device: Pick<Device, 'lacking' | 'lackingInHalf'>,
  create: (model: Uint8Array) => BoundSession,
): Promise<string | null> {
  for (const half of ['bfloat16', 'float16'] as const) {
    const errors = kernelErrors(half, device, create);
    const worst = Object.entries(errors).find(([, error]) => !(error < bounds[half]));
    if (worst) return `kernels in ${half} compute wrongly: ${worst[0]} is off by ${worst[1].toPrecision(2)}`;
  }
  return null;
}

/** The error of the loss and of each gradient, relative to those in plain operators. */
export function kernelErrors(
  half: HalfType,
  { lacking, lackingInHalf }: Pick<Device, 'lacking' | 'lackingInHalf'>,
  create: (model: Uint8Array) => BoundSession,
): Readonly<Record<string, number>> {
  const graph = inHalfPrecision(smallModel(), { type: half });
  const [own, plain] = [lacking, new Set([...lacking, ...fusedNames])].map((lacked) =>
    run(create(serialise(emulate(lower(graph, lacked), lackingInHalf)))),
  );
  return Object.fromEntries(
    Object.entries(plain ?? {}).map(([name, expected]) => [name, relativeError(own?.[name], expected)]),
  );
}

/** Norm, gated layer, attention with a window, head and cross-entropy. */
function smallModel(): Graph {
  const graph = createGraph({ preferences: kernelPreferences });
  const [x, gain, gates, ups, head] = Object.entries(shapes).map(([name, shape]) =>
    input(graph, name, 'float32', shape),
  );
  if (!x || !gain || !gates || !ups || !head) throw new Error('five inputs');
  const labels = input(graph, 'labels', 'int64', [rows]);
  const normed = rmsNorm(x, gain, 1e-5);
  const gated = swiglu(matmul(normed, gates, { alpha }), matmul(normed, ups, { alpha }));
  const states = reshape(gated, [batch, 1, time, width]);
  const scores = matmul(states, states, { transposeB: true, alpha });
  const attended = reshape(fusedAttention(scores, states, { group: 1, window }), [rows, width]);
  const loss = sum(fusedCrossEntropy(matmul(attended, head, { transposeB: true, alpha }), labels));
  const parameters = [x, gain, gates, ups, head];
  for (const [index, gradient] of gradients(loss, parameters).entries())
    output(gradient, `gradient of ${parameters[index]?.name}`);
  output(loss, 'loss');
  return graph;
}

function run(session: BoundSession): Readonly<Record<string, Float32Array>> {
  let state = 1;
  /** Numbers from −1 to 1, the same each time. */
  const next = (): number => {
    state = (state * 48_271) % 2_147_483_647;
    return (2 * state) / 2_147_483_647 - 1;
  };
  const tensor = (shape: readonly number[]) =>
    float32(Float32Array.from({ length: shape.reduce((total, size) => total * size, 1) }, next), shape);
  const feeds: Tensors = {
    ...Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, tensor(shape)])),
    labels: int64(
      BigInt64Array.from({ length: rows }, (_, row) => BigInt((row * 17) % vocabulary)),
      [rows],
    ),
  };
  const found = {
    loss: new Float32Array(1),
    ...Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => [
        `gradient of ${name}`,
        new Float32Array(tensor(shape).data.length),
      ]),
    ),
  };
  const results = Object.fromEntries(
    Object.entries(found).map(([name, data]) => {
      const shape = Object.entries(shapes).find(([own]) => name === `gradient of ${own}`)?.[1] ?? [];
      return [name, float32(data, shape)];
    }),
  );
  const bound = session.bind(feeds, results);
  try {
    bound.run();
  } finally {
    bound.release();
    session.release();
  }
  return found;
}

function relativeError(found: Float32Array | undefined, expected: Float32Array): number {
  let [difference, size] = [0, 0];
  expected.forEach((x, index) => {
    difference += ((found?.[index] ?? Number.NaN) - x) ** 2;
    size += x ** 2;
  });
  return Math.sqrt(difference / size);
}
