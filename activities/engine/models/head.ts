/** The head of a language model, from hidden states to logits: the embedding's own matrix where it is tied to it. */
import type { Tensor } from '../graph/graph.js';
import { linear } from './blocks.js';
import type { LanguageModel, ParameterShapes, Weights } from './languageModel.js';

/** An untied head's matrix `[vocabulary, hidden]`, by the name all architectures have for it. */
export const headName = 'lm_head.weight';

/**
 * The parts of a `LanguageModel` that follow from its trunk and its head.
 * @param trunkShapes the embedding of tokens, `[vocabulary, hidden]`, is the first of them.
 */
export function withHead(
  trunkShapes: ParameterShapes,
  isTied: boolean,
): Pick<LanguageModel, 'embedding' | 'trunkShapes' | 'shapes' | 'headMatrix' | 'head'> {
  const [first] = trunkShapes;
  if (!first) throw new Error('a model has an embedding');
  const [embedding, shape] = first;
  const headMatrix = (weight: Weights): Tensor => weight(isTied ? embedding : headName);
  return {
    embedding,
    trunkShapes,
    shapes: isTied ? trunkShapes : [...trunkShapes, [headName, shape]],
    headMatrix,
    head: (weight, hidden) => linear(hidden, headMatrix(weight)),
  };
}
