/** Clipping by the global norm, before the update of any optimiser. */
import { chunkCount } from '../graph/chunks.js';
import { sumInGraphOrder } from '../graph/gradients.js';
import type { Tensor } from '../graph/graph.js';
import { add, divide, minimum, reshape, sqrt, sum, sumOfSquares } from '../graph/operators.js';
import { elementCount } from '../graph/shape.js';

/** √Σ‖g‖² over all gradients: rank 0. */
export function globalNorm(gradients: readonly Tensor[]): Tensor {
  return sqrt(sumInGraphOrder(gradients, squares));
}

/** Σx²: rank 0. In one go, onnxruntime's float32 sum over millions of numbers may be wrong in its third digit. */
function squares(x: Tensor): Tensor {
  const chunks = chunkCount(x);
  return chunks === 1 ? sumOfSquares(x) : sum(sumOfSquares(reshape(x, [chunks, elementCount(x.shape) / chunks]), [1]));
}

/** min(1, maxGradNorm / (norm + 10⁻⁶)), the factor by which PyTorch clips gradients: rank 0. */
export function clipFactor(norm: Tensor, maxGradNorm: number): Tensor {
  return minimum(divide(maxGradNorm, add(norm, 1e-6)), 1);
}
