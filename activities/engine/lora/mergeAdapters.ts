/** Merges adapters into their weights, so that decoding and scoring run the plain model at full speed. */
import { InvalidModel } from '../../errors.js';
import { createGraph, input, output } from '../graph/graph.js';
import { add, matmul, multiply } from '../graph/operators.js';
import { reserveOnDevice, toHost } from '../ort/placement.js';
import { createInPlaceSession, type InPlaceSession, runInPlace } from '../ort/runInPlace.js';
import { float32 } from '../ort/tensors.js';
import type { NamedTensor, Parameters } from '../weights/parameters.js';
import type { LoraConfig } from './adapters.js';
import { type Adapter, loraScale } from './adapters.js';

const sessions = new Map<boolean, Promise<InPlaceSession>>();

/** W + scale · B·A for matrices of any size, or for a transposed weight W + scale · (B·A)ᵀ. */
function mergeSession(transposed: boolean): Promise<InPlaceSession> {
  const known = sessions.get(transposed);
  if (known) return known;
  const graph = createGraph();
  const base = input(graph, 'base', 'float32', transposed ? ['inputs', 'outputs'] : ['outputs', 'inputs']);
  const down = input(graph, 'down', 'float32', ['rank', 'inputs']);
  const up = input(graph, 'up', 'float32', ['outputs', 'rank']);
  const scale = input(graph, 'scale', 'float32', []);
  const change = transposed ? matmul(down, up, { transposeA: true, transposeB: true }) : matmul(up, down);
  output(add(base, multiply(change, scale)), 'merged');
  const session = createInPlaceSession(graph);
  sessions.set(transposed, session);
  return session;
}

/**
 * The base model's tensors, where each adapted weight is replaced by W + α/r · B·A (or its transpose), and the heads that were
 * trained with the adapters. Weights without an adapter are the arrays of `base`, not copies.
 * @throws InvalidModel when an adapter or an adapted weight is missing.
 */
export async function mergeAdapters(
  base: Parameters,
  trained: Parameters,
  adapters: readonly Adapter[],
  lora: LoraConfig,
): Promise<Parameters> {
  const scale = float32(Float32Array.of(loraScale(lora)), []);
  const merged = new Map<string, NamedTensor>(base);
  const adapterNames = new Set<string>();
  const merges = adapters.map(({ weight, transposed, down, up }) => {
    const [w, a, b] = [base.get(weight), trained.get(down.name), trained.get(up.name)];
    if (!w || !a || !b) throw new InvalidModel(`the adapter of ${weight} or the weight itself is missing`);
    adapterNames.add(down.name).add(up.name);
    return { weight, transposed, w, a, b, data: new Float32Array(w.data.length) };
  });
  await reserveOnDevice(merges.map(({ data }) => data.buffer));
  for (const { weight, transposed, w, a, b, data } of merges) {
    await runInPlace(
      await mergeSession(transposed),
      { base: float32(w.data, w.shape), down: float32(a.data, a.shape), up: float32(b.data, b.shape), scale },
      { merged: float32(data, w.shape) },
    );
    merged.set(weight, { shape: w.shape, data });
  }
  await toHost(Object.fromEntries(merges.map(({ weight, w, data }) => [weight, float32(data, w.shape)])));
  for (const [name, tensor] of trained) if (!adapterNames.has(name)) merged.set(name, tensor);
  return merged;
}
