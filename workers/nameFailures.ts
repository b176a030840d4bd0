/**
 * What a failed activity tells Temporal: its type, which is its error's `name`, and when to try again.
 *
 * The SDK goes by the class instead, which an error loses on its way out of the engine's process; the retry policy lists names. What a
 * person has to mend is told by the run, and tried again more slowly than what passes by itself.
 */
import { asyncLocalStorage } from '@temporalio/activity';
import { ApplicationFailure, TemporalFailure } from '@temporalio/common';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import { isMendedByPerson, ScorerUnavailable } from '../activities/errors.js';
import { tellWaiting } from '../activities/tellWaiting.js';

const firstPauseMs = 5_000;
const longestPauseMs = 60_000;

export const nameFailures: ActivityInboundCallsInterceptor = {
  async execute(input, next) {
    try {
      return await next(input);
    } catch (error) {
      // Cancellations and failures that have their type already.
      if (error instanceof TemporalFailure || !(error instanceof Error)) throw error;
      if (isMendedByPerson(error.name)) await tellWaiting(error.message);
      throw ApplicationFailure.fromError(error, { type: error.name, ...pauseAfter(error) });
    }
  },
};

/** Nothing where the retry policy says it. */
function pauseAfter(error: Error): { readonly nextRetryDelay?: number } {
  if (error instanceof ScorerUnavailable && error.pauseMs !== undefined) return { nextRetryDelay: error.pauseMs };
  if (!isMendedByPerson(error.name)) return {};
  const attempts = asyncLocalStorage.getStore()?.info.attempt;
  return { nextRetryDelay: Math.min(longestPauseMs, firstPauseMs * 2 ** ((attempts ?? 1) - 1)) };
}
