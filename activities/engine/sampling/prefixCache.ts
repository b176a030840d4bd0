/**
 * Prefix cache: the keys and values of prompts, computed a few prompts at a time into a small cache of their own, from which every
 * sample of the prompt gets a copy. So a prompt is computed once, however many samples it has and whenever they get a row.
 *
 * When every prompt has one sample, the first prompts of a batch are computed in the batch's cache itself (`prefillRows`).
 */
import type { Decoder } from './decoder.js';
import { copyRow, createCache, type KeyValueCache, releaseCache } from './keyValueCache.js';

export interface PrefixCache {
  /**
   * Copies a prompt without its last token, which the row's first step takes, to a row of `cache`.
   * @returns how many tokens went through the model: 0 when the prompt was in the prefix cache.
   */
  copyTo(cache: KeyValueCache, row: number, prompt: readonly number[]): Promise<number>;
  release(): void;
}

/** Most tokens computed together: more save no time and need memory. */
const prefixTokens = 1024;

/** Positions of the longest prompt without its last token, at least 1. */
function longestPrefix(prompts: readonly (readonly number[])[]): number {
  return prompts.reduce((most, { length }) => Math.max(most, length - 1), 1);
}

/** How many prompts are computed together. */
function rowsTogether(prompts: readonly (readonly number[])[], tokens: number): number {
  return Math.min(Math.max(1, Math.floor(tokens / longestPrefix(prompts))), prompts.length);
}

/**
 * Computes each prompt without its last token into a row of `cache`, from the first row on.
 * @param safePoint called before the prompts that are computed together.
 * @returns how many tokens went through the model.
 */
export async function prefillRows(
  decoder: Decoder,
  cache: KeyValueCache,
  prompts: readonly (readonly number[])[],
  safePoint: () => void,
): Promise<number> {
  const prefixes = prompts.map((prompt) => prompt.slice(0, -1));
  const together = rowsTogether(prompts, prefixTokens);
  for (let row = 0; row < prompts.length; row += together) {
    safePoint();
    await decoder.prefill(cache, row, prefixes.slice(row, row + together));
  }
  return prefixes.reduce((total, { length }) => total + length, 0);
}

/** @param prompts distinct arrays, in the order in which `copyTo` gets them. It may get each several times in succession. */
export async function createPrefixCache(
  decoder: Decoder,
  prompts: readonly (readonly number[])[],
  tokens = prefixTokens,
): Promise<PrefixCache> {
  const prefixRows = rowsTogether(prompts, tokens);
  const prefixCache = await createCache(decoder.attention, prefixRows, longestPrefix(prompts), decoder.precision);
  let cachedPrompts: readonly (readonly number[])[] = [];
  return {
    async copyTo(cache, row, prompt) {
      let computed = 0;
      if (!cachedPrompts.includes(prompt)) {
        const start = prompts.indexOf(prompt);
        cachedPrompts = prompts.slice(start, start + prefixRows);
        const prefixes = cachedPrompts.map((other) => other.slice(0, -1));
        await decoder.prefill(prefixCache, 0, prefixes);
        computed = prefixes.reduce((total, { length }) => total + length, 0);
      }
      copyRow(prefixCache, cachedPrompts.indexOf(prompt), cache, row, prompt.length - 1);
      return computed;
    },
    release: () => releaseCache(prefixCache),
  };
}
