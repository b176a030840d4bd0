/** Calls of Temporal and S3 that outlive a server which is killed, frozen or about to start: they are made again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isGrpcServiceError, ServiceError, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import { StoreUnavailable } from '../../activities/errors.js';

/** gRPC's codes for what may pass: cancelled, unknown, deadline, exhausted, aborted, internal, unavailable. */
const passing: ReadonlySet<number> = new Set([1, 2, 4, 8, 10, 13, 14]);

function mayPass(error: unknown): boolean {
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || error instanceof StoreUnavailable) return true;
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) && passing.has(cause.code);
}

/** @throws whatever says something of the call itself, and not of the server's health */
export async function insist<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!mayPass(error)) throw error;
      await sleep(250);
    }
  }
}
