/** The head of a language model, from hidden states to logits. A tied head is the matrix of the embedding. */
import { at } from '../../invariant.js';
import type { Tensor } from '../graph/graph.js';
import { linear } from './blocks.js';
import type { LanguageModel, ParameterShapes, Weights } from './languageModel.js';

/** The name that all architectures have for the matrix of an untied head, `[vocabulary, hidden]`. */
export const headName = 'lm_head.weight';

/**
 * The parts of a `LanguageModel` that follow from its trunk and its head.
 * @param trunkShapes weights of the trunk; the first is the embedding of tokens, `[vocabulary, hidden]`.
 */
export function withHead(
  trunkShapes: ParameterShapes,
  isTied: boolean,
): Pick<LanguageModel, 'embedding' | 'trunkShapes' | 'shapes' | 'headMatrix' | 'head'> {
  const [embedding, shape] = at(trunkShapes, 0);
  const headMatrix = (weight: Weights): Tensor => weight(isTied ? embedding : headName);
  return {
    embedding,
    trunkShapes,
    shapes: isTied ? trunkShapes : [...trunkShapes, [headName, shape]],
    headMatrix,
    head: (weight, hidden) => linear(hidden, headMatrix(weight)),
  };
}
