/** Deals the prompts of a `generate` task out to worker threads and puts their answers together again. */

import type { RunContext } from '../threads/task.js';
import { runInWorkerThreads } from '../threads/workerThreads.js';
import type { GenerateTask } from './generate.js';

type Input = GenerateTask['input'];
type Output = GenerateTask['output'];

/**
 * Every worker thread gets like many prompts of like lengths. What an answer is does not depend on its worker thread, but for float rounding.
 * @throws as `runInWorkerThreads`.
 */
export async function generateInThreads(input: Input, context: RunContext, workerThreads: number): Promise<Output> {
  const start = performance.now();
  const { prompts, samples } = input;
  const shares = Array.from({ length: workerThreads }, (): number[] => []);
  const byLength = [...prompts.keys()].sort((a, b) => length(prompts, b) - length(prompts, a));
  for (const [place, prompt] of byLength.entries()) shares[place % workerThreads]?.push(prompt);
  const outputs = await runInWorkerThreads<GenerateTask>(
    'generate',
    shares.map((share) => ({ ...input, prompts: share.flatMap((prompt) => prompts[prompt] ?? []) })),
    context,
  );

  const answers: Output['answers'][number][] = [];
  for (const [workerThread, share] of shares.entries())
    for (const [place, prompt] of share.entries())
      for (let sample = 0; sample < samples; sample++) {
        const answer = outputs[workerThread]?.answers[place * samples + sample];
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
