/** The text formats, spelled out once more in full so that a slip in a constant shows. */
import { describe, expect, it } from 'vitest';
import { naturalAnswer, promptText } from '../../../activities/data/format.js';

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
