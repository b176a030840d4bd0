/** Models in S3, such as those that earlier runs left under `runs/<id>/model`: any bucket of the run's own server. */
import { InvalidModel, StoreRefused } from '../errors.js';
import type { Store } from '../store/types.js';
import type { ModelSource } from './source.js';

/** Its `fetch` throws InvalidModel when there is no such bucket, or the run's credentials are not for it. */
export function openS3Model(bucket: string, prefix: string, store: Store): ModelSource {
  const name = `s3://${bucket}/${prefix}`;
  return {
    name,
    // The run's own storage: what lies there has been let in.
    admit: async () => undefined,
    fetch: (file, target) =>
      store.saveTo(`${prefix}/${file}`, target, bucket).catch((error: unknown) => {
        // Credentials for the run's own bucket may be renewed any moment; another's will not come to be.
        const isHopeless = error instanceof StoreRefused && bucket !== store.bucket;
        throw isHopeless ? new InvalidModel(`${name}: ${error.message}`, { cause: error }) : error;
      }),
  };
}
