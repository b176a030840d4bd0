/** Runs many P-CoT programs in one real Python, where there is one. */
import { spawnSync } from 'node:child_process';

const probe = spawnSync('python3', ['--version']);
export const hasPython = probe.status === 0;

const runner = `
import json, sys
values = []
for program in json.load(sys.stdin):
    scope = {}
    exec(program, scope)
    values.append(scope["solution"]())
json.dump(values, sys.stdout)
`;

/** The value of `solution()` of each program. */
export function runPrograms(programs: readonly string[]): readonly unknown[] {
  const { status, stdout, stderr } = spawnSync('python3', ['-c', runner], {
    input: JSON.stringify(programs),
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) throw new Error(`python3 failed: ${stderr}`);
  return JSON.parse(stdout);
}
