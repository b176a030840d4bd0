/** Builds versitygw once with the machine's Go, which checks the module's hash against its checksum database. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '../../activities/log.js';
import { findOnPath, runToEnd } from './commands.js';
import { keepProgram } from './keepProgram.js';

const version = 'v1.8.0';

/**
 * Path of versitygw in `directory`, built when it is not there.
 * @throws Error saying why it cannot be had: no Go, or the build failed.
 */
export function buildVersitygw(directory: string, log: Log): Promise<string> {
  const path = join(directory, `versitygw-${version}`);
  const make = async (workspace: string): Promise<string> => {
    const go = await findOnPath('go');
    if (!go) throw new Error('no go on PATH');
    log('info', `building versitygw ${version} with Go, once (one to three minutes)`);
    const module = `github.com/versity/versitygw/cmd/versitygw@${version}`;
    await runToEnd(go, ['install', '-trimpath', '-ldflags=-s -w', module], { GOBIN: workspace, CGO_ENABLED: '0' });
    return join(workspace, 'versitygw');
  };
  return keepProgram(path, log, async () => existsSync(path), make);
}
