/** Deals the prompts of a `generate` task out to lanes and puts their answers together again. */

import type { RunContext } from '../tasks/task.js';
import { runInLanes } from '../threads/workerThreads.js';
import type { GenerateTask } from './generate.js';

type Input = GenerateTask['input'];
type Output = GenerateTask['output'];

/**
 * Every lane gets like many prompts of like lengths. What an answer is does not depend on its lane, but for float rounding.
 * @throws as `runInLanes`.
 */
export async function generateInLanes(input: Input, context: RunContext, lanes: number): Promise<Output> {
  const start = performance.now();
  const { prompts, samples } = input;
  const hands = Array.from({ length: lanes }, (): number[] => []);
  const byLength = [...prompts.keys()].sort((a, b) => length(prompts, b) - length(prompts, a));
  for (const [place, prompt] of byLength.entries()) hands[place % lanes]?.push(prompt);
  const outputs = await runInLanes(
    'generate',
    hands.map((hand) => ({ ...input, prompts: hand.flatMap((prompt) => prompts[prompt] ?? []) })),
    context,
  );

  const answers: Output['answers'][number][] = [];
  for (const [lane, hand] of hands.entries())
    for (const [place, prompt] of hand.entries())
      for (let sample = 0; sample < samples; sample++) {
        const answer = outputs[lane]?.answers[place * samples + sample];
        if (answer) answers[prompt * samples + sample] = answer;
      }
  const total = (part: 'forwardTokens' | 'generatedTokens'): number =>
    outputs.reduce((sum, { work }) => sum + work[part], 0);
  return {
    answers,
    work: {
      seconds: (performance.now() - start) / 1000,
      forwardTokens: total('forwardTokens'),
      backwardTokens: 0,
      generatedTokens: total('generatedTokens'),
    },
  };
}

function length(prompts: Input['prompts'], index: number): number {
  return prompts[index]?.tokens.length ?? 0;
}
