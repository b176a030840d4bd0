/** This process's watchdog (`watchdog.mjs`): servers it guards end when this process ends, however it ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

let watchdog: ChildProcess | null = null;

export function guard(pid: number): void {
  tell(`+${pid}`);
}

/** To be called when a guarded process has ended, so that its pid may be anyone's. */
export function forget(pid: number): void {
  tell(`-${pid}`);
}

function tell(line: string): void {
  watchdog ??= startWatchdog();
  watchdog.stdin?.write(`${line}\n`);
}

/** Detached, so that Ctrl-C in the terminal does not reach it; unreferenced, so that it keeps nobody alive. */
function startWatchdog(): ChildProcess {
  const script = fileURLToPath(new URL('../../infra/watchdog.mjs', import.meta.url));
  const child = spawn(process.execPath, [script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  child.unref();
  const pipe = child.stdin as (typeof child.stdin & { unref?(): void }) | null;
  pipe?.unref?.();
  pipe?.on('error', () => {
    // The watchdog was killed: the next start ends what it would have ended.
  });
  return child;
}
