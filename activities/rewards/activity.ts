/** The reward `activity`: a Temporal activity of the user's, in any language, on a task queue that the user's worker serves. */
import { z } from 'zod';
import type { RewardTools } from './reward.js';
import type { AskedQuestion, Response, Score } from './samples.js';
import { askScorer, type Scorer, scorerOptions } from './scorers.js';

const KiB = 2 ** 10;
const day = 24 * 60 * 60;

const options = z.strictObject({
  name: z
    .literal('activity')
    .describe('Has a Temporal activity of your own score, in any language (activities/rewards/WRITE_A_REWARD.md).'),
  type: z.string().min(1).max(200).describe('The activity’s type: the name under which your worker registers it.'),
  taskQueue: z.string().min(1).max(200).describe('The task queue that your worker serves, in the run’s namespace.'),
  timeoutSeconds: z
    .number()
    .min(0.1)
    .max(day)
    .default(600)
    .describe(
      'For one batch, once a worker has taken it. After it the batch is given to a worker again. A lost worker is noticed by it too, unless the activity heartbeats.',
    ),
  heartbeatSeconds: z
    .number()
    .min(1)
    .max(day)
    .nullable()
    .default(null)
    .describe('The longest pause between heartbeats; null for an activity that sends none.'),
  // Temporal takes payloads of up to 2 MB.
  ...scorerOptions({ default: 512 * KiB, most: 1_536 * KiB }),
});

export const activity = {
  options,
  score(
    examples: readonly AskedQuestion[],
    responses: readonly Response[],
    given: z.output<typeof options>,
    tools: RewardTools,
  ): Promise<readonly Score[]> {
    const { type, taskQueue, timeoutSeconds, heartbeatSeconds } = given;
    const scorer = { type, taskQueue, timeoutSeconds, heartbeatSeconds };
    const send: Scorer = (request, batch) => tools.scorers.activity(scorer, request, batch);
    return askScorer(examples, responses, given, { type, taskQueue }, send, tools.scoreInBatches);
  },
};
