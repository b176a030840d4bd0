/** The activity `rollout`: generates answers for one shard of questions, sampled or greedy. */

import type { DataSetRef, QuestionSelection } from './data/types.js';
import type { RandomPurpose } from './engine/sampling/random.js';
import { endTurn } from './engineTurn.js';
import { promptOf, readExamples } from './examples.js';
import { heartbeatWhile } from './heartbeatWhile.js';
import type { Work } from './report/types.js';
import type { Sample } from './rewards/samples.js';
import { readCheckpoint } from './store/checkpoint.js';
import type { CheckpointRef, ObjectRef } from './store/types.js';
import {
  type Budgeted,
  type EngineDependencies,
  type Halved,
  selectQuestions,
  shortageOf,
  workOf,
} from './trainingSteps.js';

/** Generates `samples` answers for each selected question. Greedy when `temperature` is 0. */
export interface RolloutInput extends Budgeted {
  readonly checkpoint: CheckpointRef;
  readonly data: DataSetRef;
  readonly selection: QuestionSelection;
  readonly samples: number;
  readonly temperature: 0 | 1;
  readonly maxAnswerTokens: number;
  readonly endTokens: readonly number[];
  readonly padToken: number;
  readonly seed: number;
  readonly purpose: RandomPurpose;
  readonly round: number;
}

export interface RolloutResult extends Halved {
  /** Lines of `Sample`, ordered by position in the selection, then by sample. */
  readonly samples: ObjectRef;
  readonly count: number;
  /** Tokens of an answer. */
  readonly meanLength: number;
  readonly longest: number;
  /** How many answers ended at `maxAnswerTokens`, not with an end token. */
  readonly truncated: number;
  readonly work: Work;
}

/** Every random number is keyed by (seed, purpose, round, question, sample, position): a retry gives the same answers. */
export function createRollout({ store, engine }: Pick<EngineDependencies, 'store' | 'engine'>) {
  return (input: RolloutInput): Promise<RolloutResult> =>
    heartbeatWhile('answers', async (onProgress, signal) => {
      const { seed, purpose, round } = input;
      const { files } = await readCheckpoint(store, input.checkpoint, { moments: false });
      const examples = await readExamples(store, input.data);
      const prompts = selectQuestions(examples.length, input.selection, seed).map((index) => ({
        example: index,
        tokens: promptOf(examples, index),
      }));
      const generated = await engine.run(
        'generate',
        {
          model: files,
          prompts,
          samples: input.samples,
          temperature: input.temperature,
          maxAnswerTokens: input.maxAnswerTokens,
          endTokens: input.endTokens,
          padToken: input.padToken,
          random: { seed, purpose, round },
          memory: input.memory,
        },
        { onProgress, signal },
      );
      endTurn();
      const samples: readonly Sample[] = generated.answers;
      const tokens = samples.reduce((total, sample) => total + sample.tokens.length, 0);
      return {
        samples: await store.putLines(samples),
        count: samples.length,
        meanLength: tokens / Math.max(1, samples.length),
        longest: samples.reduce((most, sample) => Math.max(most, sample.tokens.length), 0),
        truncated: samples.filter((sample) => sample.truncated).length,
        work: workOf(generated.work),
        ...shortageOf(generated),
      };
    });
}
