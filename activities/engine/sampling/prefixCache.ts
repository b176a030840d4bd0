/**
 * Prompts computed ahead, a few at a time: their keys and values wait in a small cache of their own until every sample of the
 * question has been given a copy. So a prompt is computed once, however many samples share it and whenever their rows come free.
 *
 * Prompts that begin a batch and have no sample beside their own are computed in the batch's cache itself.
 */
import type { Decoder } from './decoder.js';
import { copyRow, createCache, type KeyValueCache } from './keyValueCache.js';

export interface PrefixCache {
  /**
   * Copies all of a prompt but its last token to a row of `cache`; the last token is for the row's first step.
   * @returns how many tokens went through the model for it: 0 when the prompt was on the prefixes.
   */
  copyTo(cache: KeyValueCache, row: number, prompt: readonly number[]): Promise<number>;
}

/** Tokens computed together at most: more gain nothing and need memory. */
const prefixTokens = 1024;

/** Positions of the longest prompt without its last token, at least 1. */
function longestBeginning(prompts: readonly (readonly number[])[]): number {
  return prompts.reduce((most, { length }) => Math.max(most, length - 1), 1);
}

/** How many prompts are computed together. */
function rowsTogether(prompts: readonly (readonly number[])[], tokens: number): number {
  return Math.min(Math.max(1, Math.floor(tokens / longestBeginning(prompts))), prompts.length);
}

/**
 * Computes all of each prompt but its last token into the cache's rows from the first on.
 * @param safePoint called before the prompts that are computed together.
 * @returns how many tokens went through the model.
 */
export async function prefillRows(
  decoder: Decoder,
  cache: KeyValueCache,
  prompts: readonly (readonly number[])[],
  safePoint: () => void,
): Promise<number> {
  const beginnings = prompts.map((prompt) => prompt.slice(0, -1));
  const together = rowsTogether(prompts, prefixTokens);
  for (let row = 0; row < prompts.length; row += together) {
    safePoint();
    await decoder.prefill(cache, row, beginnings.slice(row, row + together));
  }
  return beginnings.reduce((total, { length }) => total + length, 0);
}

/** @param prompts distinct arrays, in the order in which they will be asked for; one may be asked for several times in a row. */
export function createPrefixCache(
  decoder: Decoder,
  prompts: readonly (readonly number[])[],
  tokens = prefixTokens,
): PrefixCache {
  const prefixRows = rowsTogether(prompts, tokens);
  const prefixes = createCache(decoder.attention, prefixRows, longestBeginning(prompts));
  let cachedPrefixes: readonly (readonly number[])[] = [];
  return {
    async copyTo(cache, row, prompt) {
      let computed = 0;
      if (!cachedPrefixes.includes(prompt)) {
        const start = prompts.indexOf(prompt);
        cachedPrefixes = prompts.slice(start, start + prefixRows);
        const beginnings = cachedPrefixes.map((other) => other.slice(0, -1));
        await decoder.prefill(prefixes, 0, beginnings);
        computed = beginnings.reduce((total, { length }) => total + length, 0);
      }
      copyRow(prefixes, cachedPrefixes.indexOf(prompt), cache, row, prompt.length - 1);
      return computed;
    },
  };
}
