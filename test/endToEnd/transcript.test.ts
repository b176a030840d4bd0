/**
 * The transcript in the documents, typed again: every command of the page, in order, in one shell. What it prints must be what the page
 * shows, but for numbers, and for lines in whose place the page has `…`.
 */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import getPort from 'get-port';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at } from '../../activities/invariant.js';
import { findPython } from '../../infra/obtain/python.js';
import { seaweedfsWheel } from '../../infra/obtain/wheels.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = await readFile(join(root, 'workers/TRANSCRIPT.md'), 'utf8');
const canRun = `${process.platform}-${process.arch}` in seaweedfsWheel.platforms && (await findPython()) !== null;

interface Step {
  readonly command: string;
  /** The lines that the page shows below it. */
  readonly shown: readonly string[];
}

/** Commands begin with `$ `, their further lines with `> `; what is below is what they print. */
function stepsOf(text: string): readonly Step[] {
  const lines = [...text.matchAll(/^```console\n([\s\S]*?)^```/gm)].flatMap(([, block = '']) =>
    block.trimEnd().split('\n'),
  );
  const steps: { command: string; shown: string[] }[] = [];
  for (const line of lines) {
    if (line.startsWith('$ ')) steps.push({ command: line.slice(2), shown: [] });
    else if (/^>( |$)/.test(line)) at(steps, -1).command += `\n${line.slice(2)}`;
    else at(steps, -1).shown.push(line);
  }
  return steps;
}

const steps = stepsOf(page);
/** Of the shell in which all is typed. */
let shell: { readonly run: (command: string) => Promise<readonly string[]>; readonly end: () => void };
let folder: string;

/** A shell in `cwd` that tells what each command prints, on standard error too. */
function openShell(cwd: string, environment: NodeJS.ProcessEnv): typeof shell {
  const child = spawn('bash', ['--noprofile', '--norc'], { cwd, env: environment, stdio: ['pipe', 'pipe', 'inherit'] });
  const end = 'end-of-step';
  let printed = '';
  let check = (): void => undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
    check();
  });
  child.stdin.write('exec 2>&1\n');
  return {
    run: (command) =>
      new Promise((resolve, reject) => {
        child.once('exit', (code) => reject(new Error(`the shell ended with code ${code}: ${printed}`)));
        check = () => {
          const ended = new RegExp(`^${end} (\\d+)\n`, 'm').exec(printed);
          if (ended === null) return;
          const output = printed.slice(0, ended.index);
          printed = '';
          child.removeAllListeners('exit');
          if (ended[1] === '0') resolve(output === '' ? [] : output.trimEnd().split('\n'));
          else reject(new Error(`${command}\nended with code ${ended[1]}: ${output}`));
        };
        // What a command reads is nothing, and not what is typed next.
        child.stdin.write(`{ ${command}\n} < /dev/null\necho "${end} $?"\n`);
      }),
    end: () => {
      // Where a step has failed, the server of another still runs.
      child.stdin.end('kill $(jobs -p)\n');
    },
  };
}

/** A line with its numbers, the width of its tables and the folders of this machine taken out. */
function comparable(line: string): string {
  return line
    .replaceAll(/\S*\/(?=\.data\/)/g, '')
    .replaceAll(/\d+([.,:–−-]\d+)*/g, '0')
    .replaceAll(/─+/g, '─')
    .replaceAll(/ +/g, ' ')
    .trim();
}

/** Whether the lines are those shown, any number of lines standing for a `…`. */
function isAsShown(lines: readonly string[], shown: readonly string[]): boolean {
  const [first, ...rest] = shown;
  if (first === undefined) return lines.length === 0;
  if (first.trim() !== '…') return first === lines[0] && isAsShown(lines.slice(1), rest);
  return lines.some((_, skipped) => isAsShown(lines.slice(skipped), rest)) || rest.length === 0;
}

describe.skipIf(!canRun)('the transcript (needs Python with pip)', () => {
  /** What the page says, and what is typed for it: free ports, those that it leaves to the server too. */
  const instead = new Map<string, string>();

  beforeAll(async () => {
    const parent = join(root, '.data');
    await mkdir(parent, { recursive: true });
    folder = await mkdtemp(join(parent, 'transcript-'));
    // Programs are obtained once for all tests, and packages once for all runs of this one.
    await mkdir(join(folder, '.data'));
    await mkdir(join(parent, 'bin'), { recursive: true });
    await symlink(join(parent, 'bin'), join(folder, '.data', 'bin'));
    await symlink(join(root, 'test'), join(folder, 'test'));
    const roles = ['master', 'volume', 'filer'];
    const options = [...roles.map((role) => `-${role}.port`), ...[...roles, 's3'].map((role) => `-${role}.port.grpc`)];
    const free = await Promise.all(options.map(async (option) => `${option}=${await getPort()}`));
    instead.set('weed server', ['weed server', ...free, '-s3.port.iceberg=0', '-s3.port.lance=0'].join(' '));
    for (const port of new Set(page.match(/(?<=port=)\d+/g))) instead.set(port, String(await getPort()));
    const { S3_ENDPOINT, TEMPORAL_ADDRESS, AWS_PROFILE, ...environment } = process.env;
    shell = openShell(folder, {
      ...environment,
      REFT_STATE_DIR: join(folder, '.data'),
      PIP_CACHE_DIR: join(parent, 'pip'),
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: undefined,
    });
  });

  afterAll(async () => {
    shell.end();
    await rm(folder, { recursive: true, force: true });
  });

  it('takes the version of SeaweedFS that is pinned', () => {
    expect(page).toContain(`${seaweedfsWheel.project}==${seaweedfsWheel.version}`);
  });

  it.each(steps.map(({ command, shown }) => [at(command.split('\n'), 0), command, shown] as const))(
    '%s',
    async (_, command, shown) => {
      const typed = [...instead].reduce((text, [said, put]) => text.replaceAll(said, put), command);
      const printed = (await shell.run(typed)).map(comparable);
      const wanted = shown.map(comparable);
      if (!isAsShown(printed, wanted)) expect(printed).toEqual(wanted);
    },
    600_000,
  );
});
