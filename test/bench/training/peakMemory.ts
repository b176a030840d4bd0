/** The largest resident memory of this process from a moment on. */
import { readFile, writeFile } from 'node:fs/promises';

/** Starts anew where the system can (Linux); elsewhere the peak is that of the process's whole life. */
export async function peakMemory(): Promise<() => Promise<number>> {
  try {
    await writeFile('/proc/self/clear_refs', '5');
  } catch {
    return async () => process.resourceUsage().maxRSS * 1_024;
  }
  return async () => {
    const kilobytes = /VmHWM:\s+(\d+) kB/.exec(await readFile('/proc/self/status', 'utf8'))?.[1];
    return Number(kilobytes) * 1_024;
  };
}
