/** Models in the run's own bucket, such as those that earlier runs left under `runs/<id>/model`. */
import type { Store } from '../store/types.js';
import { InvalidModel } from './errors.js';
import type { ModelSource } from './source.js';

/** @throws InvalidModel when it is another bucket, which the run's credentials may not be for. */
export function openS3Model(bucket: string, prefix: string, store: Store): ModelSource {
  const name = `s3://${bucket}/${prefix}`;
  if (bucket !== store.bucket)
    throw new InvalidModel(`${name}: models are read from the run's own bucket, ${store.bucket}`);
  return { name, fetch: (file, target) => store.saveTo(`${prefix}/${file}`, target) };
}
