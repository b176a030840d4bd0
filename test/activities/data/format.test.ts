/** The text formats, spelled out once more in full so that a slip in a constant shows. */
import { describe, expect, it } from 'vitest';
import { naturalAnswer, programBody, promptText } from '../../../activities/data/format.js';
import { programFrom } from '../../../activities/rewards/answerFormat.js';

describe('prompts', () => {
  it('end where a natural answer starts', () => {
    expect(promptText(' How many? ', { format: 'natural', docstring: true })).toBe(
      'Question:\nHow many?\nAnswer reasoning:\n',
    );
  });

  it('carry the function line, and the question as its docstring where wanted', () => {
    expect(promptText('How many?', { format: 'program', docstring: false })).toBe(
      'Question:\nHow many?\nAnswer reasoning:\ndef solution():\n',
    );
    expect(promptText('How many?', { format: 'program', docstring: true })).toBe(
      'Question:\nHow many?\nAnswer reasoning:\ndef solution():\n    """How many?"""\n',
    );
  });
});

describe('natural answers', () => {
  it('end with the value as the data set writes it', () => {
    expect(naturalAnswer('1 + 1 = 2.\n', '2.0')).toBe('1 + 1 = 2.\nTherefore, the answer is: 2.0');
  });
});

describe('program bodies', () => {
  const body = '    x = 1\n    result = x\n    return result';

  it('are what follows the docstring, however it quotes the question', () => {
    expect(programBody(`def solution():\n    """How many ?"""\n${body}\n`)).toBe(body);
    expect(programBody(`def solution():\n    """Over\n    two lines"""\n${body}`)).toBe(body);
    expect(programBody(`def solution():\n${body}`)).toBe(body);
  });

  it('may return in several places, and come with line ends of Windows', () => {
    const branches = "    if 1 > 2:\n        return 'a'\n\n    return 'b'";
    expect(programBody(`def solution():\n${branches}`)).toBe(branches);
    expect(programBody(`def solution():\r\n${branches.replaceAll('\n', '\r\n')}`)).toBe(branches);
  });

  it('keep later strings', () => {
    const quoting = `    x = """a"""\n${body}`;
    expect(programBody(`def solution():\n    """How many?"""\n${quoting}`)).toBe(quoting);
  });

  it.each([
    'print(1)',
    'def solution():\n    """Open',
    'def solution():\n    x = 1',
    `def solve():\n${body}`,
    `def solution():\n${body}\nprint(solution())`,
    `import os\ndef solution():\n${body}`,
  ])('are null for %j', (program) => {
    expect(programBody(program)).toBeNull();
  });

  it('make the program again', () => {
    expect(programFrom(body)).toBe(`def solution():\n${body}`);
  });
});
