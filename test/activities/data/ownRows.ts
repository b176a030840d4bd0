/** Rows of a user's own, written to a folder of the test file, and the questions made of them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { z } from 'zod';
import type { Question, QuestionSets } from '../../../activities/data/questions.js';
import { loadQuestions } from '../../../activities/data/sets/index.js';
import { comparisonSchema } from '../../../activities/rewards/compareAnswers.js';
import type { SandboxPool } from '../../../activities/rewards/sandbox/pool.js';
import { dataSchema } from '../../../workflows/config/data.js';
import { sourceAccess } from './sourceAccess.js';

/** @param sandbox for rows with programs */
export function useOwnRows(sandbox?: Pick<SandboxPool, 'run'>) {
  const directory = mkdtempSync(join(tmpdir(), 'reft-own-'));
  afterAll(() => rmSync(directory, { recursive: true }));
  return {
    directory,
    write: (name: string, content: string): string => {
      writeFileSync(join(directory, name), content);
      return name;
    },
    load: (
      source: object,
      cot: 'natural' | 'program' = 'natural',
      comparison?: z.input<typeof comparisonSchema>,
    ): Promise<QuestionSets> => {
      const data = dataSchema.parse({ source, cot, validation: 1 });
      const reading = comparison && { comparison: comparisonSchema.parse(comparison) };
      return loadQuestions({ ...sourceAccess(directory, sandbox), ...reading, data, seed: 1 });
    },
  };
}

/** Training and validation questions, by their ids. */
export const annotated = ({ train, validation }: QuestionSets): Question[] =>
  [...train, ...validation].sort((a, b) => (a.id < b.id ? -1 : 1));
