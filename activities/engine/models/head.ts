/** The head of a language model, from hidden states to logits. A tied head is the matrix of the embedding. */
import { at } from '../../invariant.js';
import type { Tensor } from '../graph/graph.js';
import { linear } from './blocks.js';
import type { LanguageModel, ParameterShapes, Weights } from './languageModel.js';

/** The name that all architectures have for the matrix of an untied head, `[vocabulary, hidden]`. */
export const headName = 'lm_head.weight';

/** What the names and shapes of weights do not say. */
interface TrunkOptions {
  /** The embedding of positions, where they are learned. */
  readonly positions?: string;
  /** Whether weights of linear layers are `[inputs, outputs]`, as those of Hugging Face's class `Conv1D`. */
  readonly transposed?: boolean;
}

/**
 * The parts of a `LanguageModel` that follow from its trunk and its head.
 * @param trunkShapes weights of the trunk; the first is the embedding of tokens, `[vocabulary, hidden]`.
 */
export function withHead(
  trunkShapes: ParameterShapes,
  isTied: boolean,
  { positions, transposed = false }: TrunkOptions = {},
): Pick<LanguageModel, 'embedding' | 'trunkShapes' | 'linear' | 'shapes' | 'headMatrix' | 'head'> {
  const [embedding, shape] = at(trunkShapes, 0);
  const headMatrix = (weight: Weights): Tensor => weight(isTied ? embedding : headName);
  return {
    embedding,
    trunkShapes,
    linear: trunkShapes.flatMap(([name, [rows, columns]]) => {
      // Every other matrix is an embedding, and vectors are biases or gains.
      if (rows === undefined || columns === undefined || name === embedding || name === positions) return [];
      const [outputs, inputs] = transposed ? [columns, rows] : [rows, columns];
      return [{ module: name.replace(/\.weight$/, ''), inputs, outputs, transposed }];
    }),
    shapes: isTied ? trunkShapes : [...trunkShapes, [headName, shape]],
    headMatrix,
    head: (weight, hidden) => linear(hidden, headMatrix(weight)),
  };
}
