/** Words quoted for a shell, read by a shell. */
import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { shellWords } from '../../workers/command/shellWords.js';

it('gives a shell the words that it was given', () => {
  const words = ['run', 'demo', '--set', 'seeds=[1, 2]', "it's", '', '$HOME `x` "y" \\z', 'a\nb', '*', 'ppo.epochs=3'];
  const text = execFileSync('sh', ['-c', `for word in ${shellWords(words)}; do printf '%s|' "$word"; done`], {
    encoding: 'utf8',
  });
  expect(text).toBe(words.map((word) => `${word}|`).join(''));
  expect(shellWords(['--set', 'ppo.epochs=3'])).toBe('--set ppo.epochs=3');
});
