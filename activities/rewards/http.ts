/** The reward `http`: a scorer behind an address, sent batches by POST. */
import { z } from 'zod';
import type { RewardTools } from './reward.js';
import type { AskedQuestion, Response, Score } from './samples.js';
import { askScorer, type Scorer, scorerOptions } from './scorers.js';

const MiB = 2 ** 20;

const options = z.strictObject({
  name: z.literal('http').describe('Asks a scorer of your own over HTTP (activities/rewards/WRITE_A_REWARD.md).'),
  url: z
    .url({ protocol: /^https?$/ })
    .refine((url) => !/^[^/]*\/\/[^/?#]*@/.test(url), 'an address without user name and password: use `header`')
    .describe('Where batches are posted to: http or https. It is part of the run’s history, so it holds no secret.'),
  header: z
    .strictObject({
      name: z
        .string()
        .regex(/^[\w!#$%&'*+.^`|~-]{1,100}$/)
        .describe('The header’s name, such as `authorization`.'),
      variable: z
        .string()
        .regex(/^REFT_REWARD_\w{1,100}$/)
        .describe(
          'The environment variable of the workers that has the header’s whole value. Its name starts with `REFT_REWARD_`, so that a specification can send away nothing else.',
        ),
    })
    .nullable()
    .default(null)
    .describe('A header whose value never leaves the workers: it is in no specification, history or log.'),
  timeoutSeconds: z
    .number()
    .min(0.1)
    .max(300)
    .default(60)
    .describe('For one try. A scorer that takes longer is better an activity.'),
  tries: z
    .int()
    .min(1)
    .max(20)
    .default(5)
    .describe(
      'How often a batch is sent before the step fails, with growing pauses. A step that failed is tried again by Temporal.',
    ),
  ...scorerOptions({ default: MiB, most: 64 * MiB }),
});

export const http = {
  options,
  score(
    examples: readonly AskedQuestion[],
    responses: readonly Response[],
    given: z.output<typeof options>,
    tools: RewardTools,
  ): Promise<readonly Score[]> {
    const { url, header, timeoutSeconds, tries } = given;
    const scorer = { url, header, timeoutSeconds, tries };
    const send: Scorer = (request, batch) => tools.scorers.http(scorer, request, batch);
    return askScorer(examples, responses, given, { url }, send, tools.scoreInBatches);
  },
};
