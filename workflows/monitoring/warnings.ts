/**
 * Signs that training by rewards is going wrong, read off the metrics of its rounds. They are shown and never stop a run.
 *
 * Pure and small: what has to be remembered between rounds is the `Watch`, plain JSON carried in the journal. A rule speaks of a
 * mean over rounds, since one round is noise; three rounds are enough for what ruins a run quickly, and few enough to be in time.
 */
import { at } from '../../activities/invariant.js';
import type { TrainingWarning, WarningKind } from '../../activities/report/types.js';
import type { AnswerKind } from '../../activities/rewards/answerFormat.js';

/** A round's metrics by name, as `roundMetrics` and the methods' updates give them; a method may lack some. */
export type Metrics = Readonly<Record<string, number>>;

/** What the rules remember of the rounds before. */
export interface Watch {
  /** The first round's metrics: those of the warm-up, whose answers they are. */
  readonly first: Metrics;
  /** Metrics of the latest rounds, the newest last. */
  readonly recent: readonly Metrics[];
  readonly warnings: readonly TrainingWarning[];
}

const shortly = 3;
const forLong = 10;

/** Adds a round, counted from 1, and brings the warnings up to date: one a kind, in the order of their first round. */
export function watchRound(before: Watch | undefined, round: number, metrics: Metrics, answers: AnswerKind): Watch {
  const watched = Object.fromEntries(
    metricsWatched.flatMap((name) => (metrics[name] === undefined ? [] : [[name, metrics[name]]])),
  );
  const { first, recent: earlier, warnings: known } = before ?? { first: watched, recent: [], warnings: [] };
  const recent = [...earlier, watched].slice(-forLong);
  const warnings = [...known];
  for (const { kind, check } of rules) {
    const message = check({ first, recent, answers });
    if (message === undefined) continue;
    const place = warnings.findIndex((warning) => warning.kind === kind);
    if (place < 0) warnings.push({ kind, message, from: round, to: round });
    else warnings[place] = { kind, message, from: at(warnings, place).from, to: round };
  }
  return { first, recent, warnings };
}

/** `round 7: …` or `rounds 3–12: …`. */
export function describeWarning({ from, to, message }: TrainingWarning): string {
  return `${from === to ? `round ${from}` : `rounds ${from}–${to}`}: ${message}`;
}

interface Rounds extends Pick<Watch, 'first' | 'recent'> {
  readonly answers: AnswerKind;
}

const metricsWatched = [
  'reward',
  'rewardRight',
  'sampleAccuracy',
  'extracted',
  'truncated',
  'commonestChoice',
  'answerLength',
  'entropyPerSequence',
  'klPerToken',
  'klPenalty',
  'clipFraction',
  'approximateKl',
  'explainedVariance',
] as const;
type Watched = (typeof metricsWatched)[number];

/** Mean over the latest `count` rounds; undefined before there are so many, or where one lacks the metric. */
function latest({ recent }: Rounds, name: Watched, count = shortly): number | undefined {
  const values = recent
    .slice(-count)
    .map((metrics) => metrics[name])
    .filter((value) => value !== undefined);
  return values.length < count ? undefined : values.reduce((a, b) => a + b, 0) / count;
}

/** What a right answer earns with the paper's reward. */
const paperReward = 1;

/** What a right answer has earned lately, on average; as in the paper where none was right. */
function rewardOfRight(rounds: Rounds): number {
  const earned = latest(rounds, 'rewardRight');
  const right = latest(rounds, 'sampleAccuracy');
  return earned === undefined || right === undefined || right === 0 ? paperReward : (100 * earned) / right;
}

/** What holds a policy back: a KL penalty only where the method has one. */
function restraint(rounds: Rounds): string {
  const hasPenalty = latest(rounds, 'klPenalty') !== undefined;
  return hasPenalty ? 'Lower the learning rate, or raise klCoefficient' : 'Lower the learning rate';
}

const short = (value: number): string => String(Number(value.toPrecision(3)));

const rules: readonly { readonly kind: WarningKind; check(rounds: Rounds): string | undefined }[] = [
  {
    // e^0.1 = 1.1: a question has one answer that is nearly always drawn, so a round's samples hold nothing new to learn from.
    // That is how a good end looks as well; it is a collapse where answers are still wrong (one in twenty).
    kind: 'entropy-collapse',
    check(rounds) {
      const entropy = latest(rounds, 'entropyPerSequence');
      const right = latest(rounds, 'sampleAccuracy');
      if (entropy === undefined || right === undefined || entropy >= 0.1 || right >= 95) return undefined;
      return `the policy hardly varies its answers any more (entropy ${short(entropy)} nats an answer) though ${short(100 - right)} % of them are wrong: it explores nothing. ${restraint(rounds)}`;
    },
  },
  {
    // At 1 nat a token, the mean token of an answer is e times as likely as the warm-up finds it, over the whole answer: what is
    // written is no longer the warm-up's language. Penalties above what a right answer earns outweigh being right.
    kind: 'kl-blow-up',
    check(rounds) {
      const kl = latest(rounds, 'klPerToken');
      const penalty = latest(rounds, 'klPenalty');
      if (kl !== undefined && kl > 1)
        return `the policy is ${short(kl)} nats a token away from the warm-up: it has left the language it was taught. ${restraint(rounds)}`;
      const earned = rewardOfRight(rounds);
      if (penalty === undefined || penalty <= earned) return undefined;
      return `the KL penalty takes ${short(penalty)} off an answer, more than a right answer earns: staying near the warm-up is all that is rewarded. Lower the learning rate or klCoefficient`;
    },
  },
  {
    // Clipping begins near a KL of 0.02 a token (ρ = 1.2). Only tokens whose advantage and ratio agree can be clipped, about half of
    // them, so 0.4 is nearly all; and at 0.5 nats in one round the old answers say little of the new policy.
    kind: 'steps-too-large',
    check(rounds) {
      const clipped = latest(rounds, 'clipFraction');
      const moved = latest(rounds, 'approximateKl');
      if (!(clipped !== undefined && clipped > 0.4) && !(moved !== undefined && moved > 0.5)) return undefined;
      const seen = [
        ...(moved === undefined ? [] : [`${short(moved)} nats a token`]),
        ...(clipped === undefined ? [] : [`${short(100 * clipped)} % of tokens clipped`]),
      ];
      return `a round moves the policy too far from the one that wrote its answers (${seen.join(', ')}). Lower the learning rate, or lower ppoEpochs`;
    },
  },
  {
    // A wrong chain can end on the right letter, and the reward cannot tell. Chains half as long that earn more, or one letter in
    // three answers of five (each is right about once in five), are how such a policy looks. Sampled accuracy
    // that outgrows validation is no sign of it: sharpening alone does that.
    kind: 'reward-hacking',
    check(rounds) {
      if (rounds.answers !== 'choice') return undefined;
      const choice = latest(rounds, 'commonestChoice');
      if (choice !== undefined && choice >= 60)
        return `${short(choice)} % of the extracted answers are one and the same letter: the policy may guess instead of reasoning. Read some answers; numeric answers cannot be guessed so`;
      const [reward, length] = [latest(rounds, 'reward'), latest(rounds, 'answerLength')];
      const { reward: firstReward, answerLength: firstLength } = rounds.first;
      if (reward === undefined || length === undefined || firstReward === undefined || firstLength === undefined)
        return undefined;
      if (reward < firstReward + 0.1 || length > firstLength / 2) return undefined;
      return `the reward rose from ${short(firstReward)} to ${short(reward)} while answers shrank from ${short(firstLength)} to ${short(length)} tokens: the policy may guess letters instead of reasoning. Read some answers; numeric answers cannot be guessed so`;
    },
  },
  {
    // Below 0 a critic is worse than a constant. That is ordinary while it learns, so ten rounds of it are waited for; at −0.5 it
    // makes the advantages half as noisy again as no critic would.
    kind: 'useless-critic',
    check(rounds) {
      const explained = latest(rounds, 'explainedVariance', forLong);
      if (explained === undefined || explained >= -0.5) return undefined;
      return `for ${forLong} rounds the value function has been worse than a constant (explained variance ${short(explained)}): advantages are noise. Change valueCoefficient or the learning rate`;
    },
  },
  {
    // Past half, most rewards are for answers that were cut before they could say anything.
    kind: 'mostly-truncated',
    check(rounds) {
      const truncated = latest(rounds, 'truncated');
      if (truncated === undefined || truncated <= 50) return undefined;
      return `${short(truncated)} % of the answers reach generation.maxAnswerTokens without an end. Raise it, or look whether answers ramble`;
    },
  },
  {
    // With fewer than one answer in ten to be compared, there is next to nothing that rewards could tell apart.
    kind: 'nothing-extracted',
    check(rounds) {
      const extracted = latest(rounds, 'extracted');
      if (extracted === undefined || extracted >= 10) return undefined;
      return `only ${short(extracted)} % of the answers hold anything that can be compared: there is nothing to learn from. A longer warm-up or a lower learning rate keeps the format`;
    },
  },
];
