/** A thread's work, for thread.test.ts: asks the other side, fails or grows as it is told. */
import { serveThread } from '../../../activities/data/thread/serveThread.js';
import { InvalidData } from '../../../activities/errors.js';

interface Told {
  readonly double?: number;
  readonly fail?: string;
  readonly grow?: true;
}
type Services = { readonly double: (value: number) => Promise<number> };

await serveThread<Told, Services>(async ({ double, fail, grow }, { ask }) => {
  if (fail !== undefined) throw new InvalidData(fail);
  const kept: unknown[] = [];
  while (grow) kept.push(Array.from({ length: 1_000 }, (_, index) => ({ index })));
  return double === undefined ? kept : ask('double', double);
});
