/** What Temporal tells of runs in raw form, decrypted where it is encrypted. (Results, queries and memos the client decrypts itself.) */
import type { Client } from '@temporalio/client';
import { decode, decodeFailure } from '@temporalio/common/lib/internal-non-workflow/codec-helpers.js';
import type { temporal } from '@temporalio/proto';
import { messageOf } from '../../activities/errors.js';

type Failure = temporal.api.failure.v1.IFailure;
type Pending = temporal.api.workflow.v1.IPendingActivityInfo;

/** The failure with its message; where that cannot be decrypted, with why. */
export async function readableFailure(client: Client, failure: Failure): Promise<Failure> {
  if (!failure.encodedAttributes) return failure;
  const { payloadCodecs, payloadConverter, failureConverter } = client.options.loadedDataConverter;
  try {
    const decoded = await decodeFailure(payloadCodecs, failure);
    return { ...failure, message: failureConverter.failureToError(decoded, payloadConverter).message };
  } catch (error) {
    return { ...failure, message: messageOf(error) };
  }
}

/** Steps under way, with what they failed by and how far they are. Of heartbeats that cannot be decrypted there are none. */
export function readableSteps(client: Client, steps: readonly Pending[] | null | undefined): Promise<Pending[]> {
  const { payloadCodecs } = client.options.loadedDataConverter;
  return Promise.all(
    (steps ?? []).map(async (step) => ({
      ...step,
      ...(step.lastFailure ? { lastFailure: await readableFailure(client, step.lastFailure) } : {}),
      heartbeatDetails: {
        payloads: await decode(payloadCodecs, step.heartbeatDetails?.payloads ?? []).catch(() => []),
      },
    })),
  );
}
