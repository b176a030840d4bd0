/**
 * How long one attempt of an activity may take: `startToCloseTimeout`, for every activity.
 *
 * A dead worker is noticed by its heartbeats, within seconds. These limits are for what heartbeats cannot tell: work that hangs. An
 * attempt that is cut off is lost and begun again, so a limit is far above what slow machines take. How long an activity waits for a
 * worker is not limited: workers may come later.
 */
import { InternalError } from '../../activities/errors.js';
import type { Activities } from '../../activities/index.js';
import type { ObjectRef } from '../../activities/store/types.js';

/** In milliseconds, fixed or reckoned from the activity's input. */
type Limit<Name extends keyof Activities> = number | ((input: Parameters<Activities[Name]>[0]) => number);

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

export const timeLimits: { readonly [Name in keyof Activities]: Limit<Name> } = {
  // Downloads of unknown size: 7 billion weights are 14 to 28 GB.
  importModel: 2 * day,
  prepareData: day,

  // A verifier is loaded.
  checkReward: hour,

  // At most 1,000 answers; a program that has to be killed takes 13 seconds of processor time, its successor's start included.
  scoreSamples: 6 * hour,

  // Of 200 requests; an endpoint that lets wait for an hour is waited for. Answers are kept one by one.
  askAnnotator: day,

  // Nothing is trained, generated or run.
  initialiseModel: hour,
  planTraining: hour,
  addSamples: hour,
  selectGroups: hour,
  chooseQuestions: hour,
  tallyEvaluation: hour,
  recordCurve: 15 * minute,
  keepStart: 15 * minute,
  findBranch: 15 * minute,
  recallResult: 15 * minute,
  keepResult: 15 * minute,
  publishAnnotation: hour,
  publishEvaluation: hour,
  publishComparison: hour,
  // A request or two for each object.
  collectGarbage: day,
  publishRun: ({ model }) => hour + transfer(model),
  publishPartialRun: ({ model }) => hour + transfer(model),

  // Generated tokens, every answer as long as it may be.
  rollout: ({ checkpoint, selection, samples, maxAnswerTokens }) =>
    engine(checkpoint, generating * (selection.to - selection.from) * samples * maxAnswerTokens),

  // Tokens trained on, by epochs of the activity. Scoring takes less than an epoch.
  trainSupervised: ({ checkpoint, train }) => engine(checkpoint, training * tokensIn(train)),
  trainRewardModel: ({ checkpoint, scored }) => engine(checkpoint, training * tokensIn(...scored)),
  scoreByRewardModel: ({ rewardModel, scored }) => engine(rewardModel, training * tokensIn(scored)),
  updatePolicy: ({ checkpoint, scored, settings }) =>
    engine(checkpoint, training * tokensIn(...scored) * (scoring + settings.ppoEpochs)),
  trainOnSamples: ({ checkpoint, train, scored, settings }) =>
    engine(checkpoint, training * tokensIn(train, ...scored) * (scoring + settings.epochsPerRound)),
};

/** Milliseconds that one attempt of an activity may take. */
export function timeLimitOf(name: string, input: never): number {
  if (!isActivity(name)) throw new InternalError(`no time limit for activity ${name}`);
  const limit: number | ((input: never) => number) = timeLimits[name];
  return typeof limit === 'number' ? limit : Math.ceil(limit(input));
}

function isActivity(name: string): name is keyof Activities {
  return Object.hasOwn(timeLimits, name);
}

/**
 * Milliseconds for each token and each weight. SmolLM2-135M, trained in full on two cores, takes 6 ms a token (0.045 ns a weight):
 * the limit is 44 times that. To generate a token alone in its batch, every weight is read once: 0.2 ns at 20 GB a second, of which the
 * limit is 20 times; in larger batches it is more.
 */
const training = 2e-6;
const generating = 4e-6;

/** The passes over a round's answers before its update, under policy and reference, forward only: less than an epoch of training. */
const scoring = 1;

interface ModelSize {
  readonly weightBytes: number;
}

/** `perWeight`: milliseconds for each weight. An hour is for starting the engine, small models and small work. */
function engine({ weightBytes }: ModelSize, perWeight: number): number {
  const bytesPerWeight = 4;
  return hour + transfer({ weightBytes }) + (weightBytes / bytesPerWeight) * perWeight;
}

/** Weights and an optimiser's state, twice their size (AdamW's), from S3 and back, at 1 MB a second. */
function transfer({ weightBytes }: ModelSize): number {
  const bytesPerMillisecond = 1_000;
  return (6 * weightBytes) / bytesPerMillisecond;
}

/** At most so many: in a data set's or samples' JSON a token takes 2 bytes at least, and 10 and more with its text and log-probability. */
function tokensIn(...objects: readonly ObjectRef[]): number {
  return objects.reduce((sum, { bytes }) => sum + bytes, 0) / 2;
}
