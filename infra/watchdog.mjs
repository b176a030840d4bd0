/**
 * Outlives the process that started servers, for a moment: when that process is gone, even by kill -9, ends its servers.
 *
 * Standard input is a pipe from the starter: `+<pid>` guards a process, `-<pid>` forgets it, and the end of the pipe is
 * the starter's end. Plain JavaScript, so that it starts at once.
 */
import { createInterface } from 'node:readline';

const graceMilliseconds = 5_000;
const guarded = new Set();

for await (const line of createInterface({ input: process.stdin })) {
  const pid = Number(line.slice(1));
  if (line.startsWith('+')) guarded.add(pid);
  else guarded.delete(pid);
}

const signalAll = (signal) => {
  for (const pid of guarded) {
    try {
      process.kill(pid, signal);
    } catch {
      guarded.delete(pid);
    }
  }
};
signalAll('SIGTERM');
const deadline = Date.now() + graceMilliseconds;
while (guarded.size > 0 && Date.now() < deadline) {
  await new Promise((resolve) => setTimeout(resolve, 100));
  signalAll(0);
}
signalAll('SIGKILL');
