/** `reft completion`: the scripts in the shells themselves; zsh and fish where they are installed. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at } from '../../activities/invariant.js';
import { type ShellName, shellNames } from '../../workers/names.js';
import { comparisonPresets, presets } from '../../workflows/config/presets/index.js';
import { reftWith } from '../support/reftCommand.js';

const folder = mkdtempSync(join(tmpdir(), 'reft-completion-'));
const here = join(folder, 'here');
mkdirSync(here);
writeFileSync(join(here, 'mine.json'), '{}');
afterAll(() => rmSync(folder, { recursive: true }));

const scriptOf = (shell: ShellName): string => join(folder, shell);
beforeAll(async () => {
  for (const shell of shellNames) {
    const { out, error, code } = await reftWith({}, 'completion', shell);
    expect({ code, error }).toEqual({ code: 0, error: '' });
    writeFileSync(scriptOf(shell), out);
  }
});

const isThere = (shell: ShellName): boolean => spawnSync(shell, ['--version']).status === 0;

/** A program of a shell, with what it prints. */
function runShell(shell: ShellName, options: readonly string[], program: string, args: readonly string[] = []): string {
  const file = join(folder, `program.${shell}`);
  writeFileSync(file, program);
  return execFileSync(shell, [...options, file, ...args], {
    cwd: here,
    encoding: 'utf8',
    env: { ...process.env, HOME: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 30_000,
  });
}

type Case = readonly [words: readonly string[], offered: readonly string[]];
const cases: readonly Case[] = [
  [['sta'], ['status']],
  [
    ['run', ''],
    [...Object.keys(presets), 'mine.json'],
  ],
  [
    ['compare', ''],
    [...Object.keys(comparisonPresets), 'mine.json'],
  ],
  [['run', '--id', 'x', 'smok'], ['smoke']],
  [['run', 'smoke', '--re'], ['--replace']],
  [
    ['worker', '--queue', ''],
    ['general', 'engine'],
  ],
  [['data', 'con'], ['convert']],
  [
    ['data', 'convert', 'svamp', '--to', ''],
    ['p-cot', 'n-cot'],
  ],
  [['data', 'mix', 'svamp', 'mi'], ['mine.json']],
  [
    ['schema', ''],
    ['run', 'compare', 'evaluation', 'annotation'],
  ],
  [['completion', ''], shellNames],
  [['help', 'rep'], ['report']],
  [['doctor', ''], []],
];

describe('bash', () => {
  /** As it calls the function, with words parted as it parts them. */
  const offers = (words: readonly string[]): string[] => {
    const program = `source "$1"; shift
complete -p reft | grep --quiet -- '-F _reft' || exit 1
COMP_WORDS=(reft "$@"); COMP_CWORD=$#; _reft; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return runShell('bash', ['--norc'], program, [scriptOf('bash'), ...words])
      .split('\n')
      .filter((word) => word !== '');
  };

  it.each(cases)('offers for %j: %j', (words, offered) => {
    expect(offers(words).sort()).toEqual([...offered].sort());
  });

  it('parts words at "="', () => {
    expect(offers(['worker', '--queue', '=', 'e'])).toEqual(['engine']);
    expect(offers(['worker', '--queue', '='])).toEqual(['general', 'engine']);
    expect(offers(['run', '--set', 'title', '=', 'x', 'smok'])).toEqual(['smoke']);
  });
});

describe.skipIf(!isThere('fish'))('fish', () => {
  it.each(cases)('offers for %j: %j', (words, offered) => {
    const program = 'source $argv[1]; complete --do-complete $argv[2]';
    const line = ['reft', ...words].join(' ');
    const told = runShell('fish', ['--no-config'], program, [scriptOf('fish'), line]).trimEnd();
    const found = told === '' ? [] : told.split('\n').map((row) => at(row.split('\t'), 0));
    expect(found.sort()).toEqual([...offered].sort());
  });
});

describe.skipIf(!isThere('zsh'))('zsh', () => {
  /** Types each line into a terminal, with a tab behind it, and prints the words that are then run. */
  const program = `zmodload zsh/zpty || exit 9
zpty shell 'zsh -f -i'
hear() { zpty -r -m shell heard "*$1*" || exit 8 }
zpty -w shell "PS1=; autoload -U compinit; compinit -D -u; source $1; reft() { print -r -- \\"<\\$*>\\" }; print re''ady"
hear ready
shift
for line; do
  zpty -w -n shell "$line"$'\\t\\n'
  hear '<*>'
  print -r -- \${\${heard##*<}%%>*}
done
zpty -d shell`;

  it('completes what is typed', () => {
    const decided = cases.filter(([words, offered]) => offered.length === 1 && at(words, -1) !== '');
    const lines = decided.map(([words]) => ['reft', ...words].join(' '));
    const told = runShell('zsh', ['-f'], program, [scriptOf('zsh'), ...lines]).trimEnd();
    expect(told.split('\n').map((line) => line.trimEnd())).toEqual(
      decided.map(([words, offered]) => [...words.slice(0, -1), ...offered].join(' ')),
    );
  });
});

it('refuses a shell that it does not know', async () => {
  const { error, code } = await reftWith({}, 'completion', 'tcsh');
  expect({ code, error }).toEqual({ code: 2, error: expect.stringContaining('Allowed choices are bash, zsh, fish') });
});
