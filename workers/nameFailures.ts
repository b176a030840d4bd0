/**
 * Gives an activity's failure the type that is its error's `name`.
 *
 * The SDK goes by the class instead, which an error loses on its way out of the engine's process; the retry policy lists names.
 */
import { ApplicationFailure, TemporalFailure } from '@temporalio/common';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import { ScorerUnavailable } from '../activities/errors.js';

export const nameFailures: ActivityInboundCallsInterceptor = {
  async execute(input, next) {
    try {
      return await next(input);
    } catch (error) {
      // Cancellations and failures that have their type already.
      if (error instanceof TemporalFailure || !(error instanceof Error)) throw error;
      const pause = error instanceof ScorerUnavailable ? error.pauseMs : undefined;
      throw ApplicationFailure.fromError(error, {
        type: error.name,
        ...(pause === undefined ? {} : { nextRetryDelay: pause }),
      });
    }
  },
};
