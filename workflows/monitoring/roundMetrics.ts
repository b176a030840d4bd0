/** A round's metrics as its answers and their scores tell them; a method's update adds its own. */
import type { Answers } from '../steps/rollout.js';

/**
 * Shares in percent of the round's answers. `reward` is the sum of its parts `rewardRight` and `rewardExtracted` (answers that say
 * something wrong); the rest say nothing and earn nothing. `failed.<reason>` count those, a reason of an earlier round (`before` has its
 * metrics) staying on at 0.
 */
export function roundMetrics(answers: Answers, before: Readonly<Record<string, number>> = {}): Record<string, number> {
  const { count, correct, extracted, truncated, meanReward, meanLength, longest, failures, choices } = answers;
  const share = (part: number): number => (100 * part) / count;
  const earlier = Object.keys(before).filter((name) => name.startsWith('failed.'));
  const chosen = Object.values(choices);
  return {
    reward: meanReward,
    rewardRight: correct / count,
    rewardExtracted: Math.max(0, meanReward - correct / count),
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
