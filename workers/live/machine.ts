/** The machine and the code of this process, as the live report tells them: on one machine they are those of the run. */
import { cpus, hostname, release, type } from 'node:os';
import { isCompiled } from '../../activities/compiled.js';
import { chosenDevice } from '../../activities/engine/ort/devices.js';
import { machine } from '../../activities/engine/ort/machine.js';
import { gibibytes } from '../../activities/gibibytes.js';
import { firstLine } from '../../infra/obtain/commands.js';
import { packageRoot, packageVersion } from '../packageRoot.js';

/** A fact, by what it is called. */
export type Fact = readonly [name: string, value: string];

export async function describeMachine(): Promise<readonly Fact[]> {
  const revision = await gitRevision();
  const [processor] = cpus();
  return [
    ['host', hostname()],
    ['processor', `${machine.cores} cores${processor ? `, ${processor.model.trim()}` : ''}`],
    ['memory', gibibytes(machine.memoryBytes)],
    ['device', deviceName()],
    ['system', `${type()} ${release()}, ${process.arch}`],
    ['Node', process.version],
    ['ReFT', packageVersion()],
    ...(revision === null ? [] : [['git revision', revision] as const]),
  ];
}

/** As the variable says it: a wrong one is refused where the worker starts. */
function deviceName(): string {
  try {
    return chosenDevice().name;
  } catch {
    return String(process.env.REFT_DEVICE);
  }
}

/** `7c4d58d0be11`, with `-dirty` behind it where files differ from it; null in an installed package. */
async function gitRevision(): Promise<string | null> {
  if (isCompiled) return null;
  return firstLine('git', ['-C', packageRoot, 'describe', '--always', '--dirty', '--abbrev=12', '--exclude=*']);
}
