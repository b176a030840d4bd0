/** Verifiers of the reward `python` that a specification names by file: their texts come to stand in it, before a run is started. */
import { readFileSync } from 'node:fs';
import { messageOf } from '../../activities/errors.js';
import { isRecord } from '../../workflows/config/explain.js';
import type { SpecInput } from '../../workflows/config/resolve.js';
import { UsageError } from './usageError.js';

/**
 * Puts verifiers' texts in the place of their files (`reward.file`; in a comparison `run.reward.file`, in a sum that of a term), so that
 * what is started does not depend on files that may change later.
 * @param input with files located (`locateFiles.ts`)
 * @throws UsageError when a file cannot be read
 */
export function withVerifiers(input: SpecInput): SpecInput {
  const { reward, run } = input;
  return {
    ...input,
    ...(isRecord(run) ? { run: withVerifiers(run) } : {}),
    ...(isRecord(reward) ? { reward: withSource(reward) } : {}),
  };
}

function withSource({ file, terms, ...reward }: Readonly<Record<string, unknown>>): SpecInput {
  const ofTerm = (term: unknown): unknown => (isRecord(term) ? withVerifiers(term) : term);
  return {
    ...reward,
    ...(terms === undefined ? {} : { terms: Array.isArray(terms) ? terms.map(ofTerm) : terms }),
    ...(file === undefined ? {} : { source: readVerifier(String(file)) }),
  };
}

function readVerifier(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`reward.file: "${path}" cannot be read: ${messageOf(error)}`);
  }
}
