/** Finds programs on PATH and runs short-lived ones to their end. */
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Full path of an executable on PATH, or null. */
export async function findOnPath(name: string): Promise<string | null> {
  const { PATH = '' } = process.env;
  for (const directory of PATH.split(delimiter)) {
    if (directory === '') continue;
    const path = join(directory, name);
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      // Not in this directory: look in the next.
    }
  }
  return null;
}

/**
 * Runs a program to its end and returns its standard output, trimmed.
 * @throws Error naming the program and the last lines of what it printed when it fails.
 */
export async function runToEnd(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  try {
    const { stdout } = await execute(program, args, {
      env: { ...process.env, ...environment },
      maxBuffer: 64 * 2 ** 20,
    });
    return stdout.trim();
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string };
    const reason = stderr.trim().split('\n').slice(-3).join(' ') || message;
    throw new Error(`${[program, ...args.slice(0, 3)].join(' ')} failed: ${reason}`);
  }
}

/** The first line a program prints for a question such as `--version`; null when it cannot be run. */
export async function firstLine(program: string, args: readonly string[]): Promise<string | null> {
  try {
    return (await runToEnd(program, args)).split('\n')[0] ?? null;
  } catch {
    return null;
  }
}
