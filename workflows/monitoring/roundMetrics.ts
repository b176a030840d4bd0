/** A round's metrics as its answers and their scores tell them; a method's update adds its own. */
import { partMeans } from '../../activities/rewards/parts.js';
import type { Answers } from '../steps/rollout.js';

/**
 * Shares in percent of the round's answers. `reward` is the mean over all of them and the sum of two parts: `rewardRight`, what right
 * answers earn, and `rewardExtracted`, what all others do (with the reward `answer`, those from which a wrong answer was extracted).
 * `reward.<part>` is the mean of a part over the answers that have it.
 * `failed.<reason>` counts the answers without a value, a reason of an earlier round (`before` has its metrics) staying on at 0.
 */
export function roundMetrics(answers: Answers, before: Readonly<Record<string, number>> = {}): Record<string, number> {
  const { count, correct, extracted, truncated, meanReward, meanLength, longest, failures, choices, parts } = answers;
  const rewardRight = answers.rewardOfCorrect / count;
  const share = (part: number): number => (100 * part) / count;
  const earlier = Object.keys(before).filter((name) => name.startsWith('failed.'));
  const chosen = Object.values(choices);
  return {
    reward: meanReward,
    rewardRight,
    rewardExtracted: withoutRounding(meanReward - rewardRight),
    ...partMeans(parts, 'reward.'),
    sampleAccuracy: share(correct),
    extractedWrong: share(extracted - correct),
    extracted: share(extracted),
    nothingExtracted: share(count - extracted),
    truncated: share(truncated),
    answerLength: meanLength,
    longestAnswer: longest,
    ...Object.fromEntries(earlier.map((name) => [name, 0])),
    ...Object.fromEntries(Object.entries(failures).map(([reason, number]) => [`failed.${reason}`, number])),
    // Of the answers that name an option, those that name the commonest.
    ...(chosen.length > 0 ? { commonestChoice: (100 * Math.max(...chosen)) / chosen.reduce((a, b) => a + b, 0) } : {}),
  };
}

/** The difference of two equal sums may come out a hair below zero. */
function withoutRounding(difference: number): number {
  return difference > -1e-9 ? Math.max(0, difference) : difference;
}
