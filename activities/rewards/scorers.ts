/**
 * Scorers outside of ReFT, which rewards ask for batches of scores: what they are sent, what they send back, and the options that
 * all rewards of this kind have. WRITE_A_REWARD.md is the same for those who write one.
 *
 * Pure: `RewardTools.scorers` does the asking.
 */
import { z } from 'zod';
import { InvalidReward } from '../errors.js';
import { changeParts, type JsonReading, parseForeignJson } from '../foreignJson.js';
import type { Batch, NumberedPair, Pair, ScoreInBatches } from './batches.js';
import type { AskedQuestion, Response, Score } from './samples.js';
import { type ReadingOptions, readScores, shown } from './scores.js';

/** What a scorer is sent, as JSON: `responses[i]` is to `examples[i]`. */
export interface ScoringRequest {
  readonly examples: readonly AskedQuestion[];
  readonly responses: readonly Pair['response'][];
}

/** A scorer behind an address. */
export interface HttpScorer {
  readonly url: string;
  /** A header whose value the worker's environment has. */
  readonly header: { readonly name: string; readonly variable: string } | null;
  /** For one try, from connecting to the last byte. */
  readonly timeoutSeconds: number;
  /** How often a batch is sent before the attempt fails. */
  readonly tries: number;
}

/** A Temporal activity on a task queue that somebody's worker serves. */
export interface ActivityScorer {
  readonly type: string;
  readonly taskQueue: string;
  /** For one batch, once a worker has taken it. */
  readonly timeoutSeconds: number;
  /** For the pause between heartbeats of an activity that sends any. */
  readonly heartbeatSeconds: number | null;
}

/**
 * Each sends a request and gives the JSON that came back, whatever it is. Numbers that JSON does not have (`NaN`, `Infinity`) come
 * as their names, in text.
 *
 * They throw `ScorerUnavailable` for what may pass, `ScorerRefused` for what will not, and `InvalidReward` for an answer that cannot be read.
 */
export interface Scorers {
  readonly http: (scorer: HttpScorer, request: ScoringRequest, batch: Batch) => Promise<unknown>;
  readonly activity: (scorer: ActivityScorer, request: ScoringRequest, batch: Batch) => Promise<unknown>;
}

/** The options that rewards with a scorer share. */
export function scorerOptions(bytes: { readonly default: number; readonly most: number }) {
  return {
    correctFrom: correctFromOption,
    edition: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(1)
      .describe(
        'Raise it when the scorer has changed: scores are kept by content, and those of another edition are not used.',
      ),
    batch: z
      .strictObject({
        pairs: z.int().min(1).max(10_000).default(64).describe('Most pairs of question and response in one request.'),
        bytes: z
          .int()
          .min(1_024)
          .max(bytes.most)
          .default(bytes.default)
          .describe('Most bytes of JSON in one request. A pair above it ends the run.'),
      })
      .prefault({})
      .describe('How requests are cut.'),
    atOnce: z.int().min(1).max(64).default(4).describe('Requests under way at once, for each shard that is scored.'),
  };
}

export const correctFromOption = z
  .number()
  .min(-1e6)
  .max(1e6)
  .default(1)
  .describe('A response whose score does not say `correct` is right when its reward is at least this.');

/** A scorer with its options: sends a request and gives what came back. */
export type Scorer = (request: ScoringRequest, batch: Batch) => Promise<unknown>;

/** What rewards of this kind have in common when they score. */
export interface ScorerReward {
  readonly name: string;
  readonly correctFrom: number;
  readonly batch: { readonly pairs: number; readonly bytes: number };
  readonly atOnce: number;
  /** Of the user's scorer. */
  readonly edition: number;
}

/**
 * Has a scorer score the distinct pairs in batches, and reads what comes back.
 * @param where what names the scorer: with the options it is all that scores follow from.
 * @throws InvalidReward for an answer that holds no sound scores, and what `send` throws
 */
export function askScorer(
  examples: readonly AskedQuestion[],
  responses: readonly Response[],
  { name: reward, correctFrom, batch, atOnce, edition }: ScorerReward,
  where: Readonly<Record<string, string>>,
  send: Scorer,
  scoreInBatches: ScoreInBatches,
): Promise<readonly Score[]> {
  return scoreInBatches(examples, responses, {
    reward,
    edition: 1,
    content: { ...where, correctFrom, edition },
    most: batch,
    atOnce,
    ask: async (pairs, asked) => scoresIn({ reward, correctFrom }, pairs, await send(requestOf(pairs), asked)),
  });
}

function requestOf(pairs: readonly NumberedPair[]): ScoringRequest {
  return {
    examples: pairs.map(({ example }) => example),
    responses: pairs.map(({ response }) => response),
  };
}

const replySchema = z.strictObject({ scores: z.array(z.unknown()) });

/**
 * The scores in a scorer's answer, `{"scores": […]}`.
 * @throws InvalidReward for any other answer
 */
export function scoresIn(options: ReadingOptions, pairs: readonly NumberedPair[], reply: unknown): readonly Score[] {
  const { data } = replySchema.safeParse(reply);
  if (data === undefined)
    throw new InvalidReward(`reward ${options.reward} got ${shown(reply)} from its scorer, not {"scores": […]}`);
  return readScores(options, pairs, data.scores);
}

/**
 * JSON as scorers write it. Python's `json` writes `NaN` and `Infinity`, which JSON does not have: they become text, so that the
 * score they stand in can be named.
 */
export function parseReply(text: string): JsonReading {
  return parseForeignJson(changeParts(text, (part) => part.replace(/-?\b(?:NaN|Infinity)\b/g, JSON.stringify)));
}
