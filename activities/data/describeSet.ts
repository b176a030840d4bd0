/** What a set of questions is like: how many, how long in tokens, which repeat, and a few of them. */
import { at } from '../invariant.js';
import { createNearQuestions } from './near/nearQuestions.js';
import type { Question } from './questions.js';
import { questionKey } from './sameQuestion.js';
import { shareOf } from './splitByHash.js';
import type { Sequence } from './spool.js';

export interface Lengths {
  readonly least: number;
  readonly median: number;
  readonly mean: number;
  /** 95 % are no longer. */
  readonly most95: number;
  readonly most: number;
  /** Bars of equal width, `from` and `to` included. */
  readonly histogram: readonly { readonly from: number; readonly to: number; readonly count: number }[];
}

export interface SetDescription {
  readonly questions: number;
  /** Those that repeat an earlier one, to the letter or nearly; null where there are too many to be compared. */
  readonly repeats: number;
  readonly nearRepeats: number | null;
  /** In tokens; null where there is none. */
  readonly questionTokens: Lengths | null;
  readonly answerTokens: Lengths | null;
  readonly samples: readonly Question[];
}

/** Beyond so many near ones are not looked for. */
const mostCompared = 200_000;

/** @param samples so many questions are shown, drawn by the seed */
export function describeSet(
  questions: Sequence<Question>,
  { tokensIn, samples, seed }: { tokensIn: (text: string) => number; samples: number; seed: number },
): SetDescription {
  const seen = new Set<string>();
  const near = questions.length <= mostCompared ? createNearQuestions() : undefined;
  let repeats = 0;
  let nearRepeats = 0;
  const asked: number[] = [];
  const answered: number[] = [];
  let drawn: { readonly rank: number; readonly question: Question }[] = [];
  for (const one of questions) {
    const { id, question, answer } = one;
    const key = questionKey(question);
    if (seen.has(key)) repeats += 1;
    else {
      seen.add(key);
      if (near?.find(question)) nearRepeats += 1;
      near?.add(question, id);
    }
    asked.push(tokensIn(question));
    if (answer !== undefined) answered.push(tokensIn(answer));
    drawn.push({ rank: shareOf(`${seed} ${id} ${question}`), question: one });
    if (drawn.length > 2 * samples + 64) drawn = leastRanked(drawn, samples);
  }
  return {
    questions: questions.length,
    repeats,
    nearRepeats: near ? nearRepeats : null,
    questionTokens: summarise(asked),
    answerTokens: summarise(answered),
    samples: leastRanked(drawn, samples).map(({ question }) => question),
  };
}

function leastRanked<T extends { readonly rank: number }>(all: readonly T[], most: number): T[] {
  return [...all].sort((a, b) => a.rank - b.rank).slice(0, most);
}

const bars = 10;

/** Null of no values. */
export function summarise(values: readonly number[]): Lengths | null {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  const quantile = (share: number): number =>
    at(sorted, Math.min(sorted.length - 1, Math.floor(share * sorted.length)));
  const least = at(sorted, 0);
  const most = quantile(1);
  const width = Math.max(1, Math.ceil((most - least + 1) / bars));
  const histogram = Array.from({ length: Math.ceil((most - least + 1) / width) }, (_, bar) => {
    const from = least + bar * width;
    const to = from + width - 1;
    return { from, to, count: values.filter((value) => value >= from && value <= to).length };
  });
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { least, median: quantile(0.5), mean, most95: quantile(0.95), most, histogram };
}
