/** Builds programs once with the machine's Go, which checks a module's hash against its checksum database. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '../../activities/log.js';
import { findOnPath, runToEnd } from './commands.js';
import { keepProgram } from './keepProgram.js';

export interface GoProgram {
  readonly name: string;
  /** The package that `go install` takes. */
  readonly package: string;
  readonly version: string;
}

const versitygw: GoProgram = {
  name: 'versitygw',
  package: 'github.com/versity/versitygw/cmd/versitygw',
  version: 'v1.8.0',
};

/** Path of versitygw in `directory`; as `buildWithGo`. */
export function buildVersitygw(directory: string, log: Log): Promise<string> {
  return buildWithGo(versitygw, directory, log);
}

/**
 * Path of the program in `directory`, built when it is not there.
 * @throws Error saying why it cannot be had: no Go, or the build failed.
 */
export function buildWithGo(program: GoProgram, directory: string, log: Log): Promise<string> {
  const { name, version } = program;
  const path = join(directory, `${name}-${version}`);
  const make = async (workspace: string): Promise<string> => {
    const go = await findOnPath('go');
    if (!go) throw new Error('no go on PATH');
    log('info', `building ${name} ${version} with Go, once (one to three minutes)`);
    const options = ['-trimpath', '-ldflags=-s -w', `${program.package}@${version}`];
    await runToEnd(go, ['install', ...options], { GOBIN: workspace, CGO_ENABLED: '0' });
    return join(workspace, name);
  };
  return keepProgram(path, log, async () => existsSync(path), make);
}
