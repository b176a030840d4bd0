/** A report like the demo's, for tests: plausible metrics, curves of every phase, answers right and wrong. */
import type { Accuracy, EvaluationMetrics } from '../../../activities/evaluation/types.js';
import type { AnsweredQuestion } from '../../../activities/report/answers.js';
import type { Report } from '../../../activities/report/page.js';
import type { CurvePoint } from '../../../activities/report/types.js';

/** `count` of 1,000 right, with an interval near Wilson's. */
export function accuracy(correct: number): Accuracy {
  const percent = correct / 10;
  const half = 196 * Math.sqrt(((percent / 100) * (1 - percent / 100)) / 1000);
  return { percent, low: percent - half, high: percent + half, correct, count: 1000 };
}

export function metricsOf(top1: number, voting: number, reranking: number, upperBound: number): EvaluationMetrics {
  return {
    top1: accuracy(top1),
    voting: accuracy(voting),
    reranking: accuracy(reranking),
    weightedVoting: accuracy(voting + 12),
    upperBound: accuracy(upperBound),
    samples: 8,
  };
}

function curvePoints(): CurvePoint[] {
  const points: CurvePoint[] = [];
  const wobble = (step: number): number => Math.sin(step * 12.9898) * 0.5;
  for (let step = 1; step <= 20; step++)
    points.push({
      phase: 'warm-up',
      step,
      metrics: { loss: 0.35 + 2.6 * Math.exp(-step / 4), gradientNorm: 1 + 2 / step },
    });
  for (let step = 1; step <= 60; step++) {
    const validationAccuracy = 51 - 10 * Math.exp(-step / 12) + wobble(step) * 2;
    points.push({
      phase: 'sft',
      step,
      metrics: { loss: 0.05 + 0.3 * Math.exp(-step / 20), gradientNorm: 0.8, validationAccuracy },
    });
  }
  for (let step = 1; step <= 80; step++) {
    const accuracyNow = 65 - 24 * Math.exp(-step / 25) + wobble(step) * 2;
    points.push({
      phase: 'ppo',
      step,
      metrics: {
        reward: accuracyNow / 100 + 0.05,
        sampleAccuracy: accuracyNow,
        extracted: 99 + wobble(step),
        truncated: 0.4 + wobble(step) / 2,
        klPerToken: 0.02 + step / 800 + wobble(step) / 100,
        klPerSequence: 0.4 + step / 40,
        policyLoss: -0.02 + wobble(step) / 50,
        valueLoss: 0.05 * Math.exp(-step / 30) + 0.01,
        entropy: 0.3 * Math.exp(-step / 30) + 0.02,
        clipFraction: 0.05 + wobble(step) / 100,
        ratio: 1,
        explainedVariance: 1 - Math.exp(-step / 20),
        gradientNorm: 0.6,
        answerLength: 19 + wobble(step),
        samplerMismatch: 3e-6,
        ...(step % 4 === 0 ? { validationAccuracy: accuracyNow + 1 } : {}),
      },
    });
  }
  for (let step = 1; step <= 3; step++)
    points.push({ phase: 'reward-model', step, metrics: { loss: 0.6 / step, accuracy: 70 + 6 * step } });
  return points;
}

export function answers(): AnsweredQuestion[] {
  return Array.from({ length: 40 }, (_, index): AnsweredQuestion => {
    const correct = index % 3 !== 0;
    const missing = index % 9 === 0;
    return {
      id: `test-${index}`,
      question: `Olivia has ${index + 3} boxes with 12 pencils each. Noah gives her ${index} more pencils. There are 7 cats in the garden. How many pencils does Olivia have now?`,
      truth: (index + 3) * 12 + index,
      answer: `    boxes = ${index + 3}\n    pencils = boxes * 12\n    result = pencils + ${correct ? index : index + 1}\n    return result`,
      value: missing ? null : (index + 3) * 12 + (correct ? index : index + 1),
      correct,
      reward: correct ? 1 : missing ? 0 : 0.1,
      truncated: missing,
      ...(missing ? { failure: 'syntax' } : {}),
    };
  });
}

export const sampleReport: Report = {
  runId: 'demo-1',
  title: 'ReFT demo: generated word problems',
  spec: { title: 'ReFT demo: generated word problems', method: 'reft', seed: 0, ppo: { epochs: 20, miniBatch: 125 } },
  metrics: {
    warmUp: metricsOf(418, 447, 401, 688),
    sft: metricsOf(531, 560, 515, 742),
    reft: metricsOf(681, 689, 672, 803),
  },
  curve: curvePoints(),
  answers: answers(),
  data: {
    train: 2_827,
    validation: 200,
    test: 700,
    files: [
      {
        name: 'svamp/svamp_python_sdp.json',
        sha256: 'c3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f2',
        rows: 3_043,
      },
      {
        name: 'svamp/svamp_test_set.json',
        sha256: '5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8',
        rows: 700,
      },
    ],
    dropped: {
      'question is in the validation set': {
        count: 16,
        examples: ['svamp_55', 'svamp_133', 'svamp_298', 'svamp_361', 'svamp_379'],
      },
    },
  },
  work: {
    'warm-up': { engineSeconds: 31.4, forwardTokens: 941_200, backwardTokens: 941_200, generatedTokens: 0 },
    sft: { engineSeconds: 92.1, forwardTokens: 2_823_600, backwardTokens: 2_823_600, generatedTokens: 0 },
    'ppo rollouts': { engineSeconds: 21.9, forwardTokens: 941_000, backwardTokens: 0, generatedTokens: 389_112 },
    'ppo update': { engineSeconds: 61.5, forwardTokens: 3_700_000, backwardTokens: 1_850_000, generatedTokens: 0 },
  },
  warnings: [{ kind: 'useless-critic', message: 'the critic <says> nothing', from: 11, to: 14 }],
  notes: ['learningRate of ppo changed from 0.0006 to 0.0003 after round 40, by hand.'],
  checkpoint: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
};
