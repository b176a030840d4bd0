/** How many tasks a worker trains and generates on at once: `REFT_ENGINES`, looked at before a command starts anything. */
import { UsageError } from './command/usageError.js';

const most = 64;

/**
 * One where nothing is asked for: a model of any size then has all cores and all memory.
 * @throws UsageError when the variable is no whole number from 1 to 64
 */
export function engineCount(environment: NodeJS.ProcessEnv = process.env): number {
  const { REFT_ENGINES: text } = environment;
  if (!text) return 1;
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > most)
    throw new UsageError(`REFT_ENGINES is "${text}": allowed is a whole number from 1 to ${most}`);
  return count;
}
