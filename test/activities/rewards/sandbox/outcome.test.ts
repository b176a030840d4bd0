/** What is believed of what a sandbox process says: it may have been told by a hostile program. */
import { describe, expect, it } from 'vitest';
import { readProgramOutcome, readVerifierOutcome } from '../../../../activities/rewards/sandbox/outcome.js';

const forged = { ok: false, failure: 'exception', detail: 'it changed what runs it' };

describe('the outcome of a program', () => {
  it.each(['18.0', '-0.0', '1e+16', '1.7976931348623157e+308', '5e-324', 'nan', 'inf', '-inf', null])(
    'has the number %j',
    (number) => {
      expect(readProgramOutcome({ ok: true, text: '18', number })).toEqual({ ok: true, text: '18', number });
    },
  );

  it.each([
    null,
    5,
    'ok',
    [],
    {},
    { ok: true },
    { ok: 1, text: '5', number: '5.0' },
    { ok: true, text: null, number: '5.0' },
    { ok: true, text: { toLowerCase: 1 }, number: null },
    { ok: true, text: '5' },
    { ok: true, text: '5', number: 2.5 },
    { ok: true, text: '5', number: { replace: 1 } },
    { ok: true, text: '5', number: '0x10' },
    { ok: true, text: '5', number: '1'.repeat(400) },
    { ok: false, failure: '<b>won</b>', detail: '' },
    { ok: false, failure: ['syntax'], detail: '' },
    { ok: false, failure: 'toString', detail: '' },
    { ok: false, failure: 'verdict', detail: '' },
    { ok: false },
  ])('is none: %j', (told) => expect(readProgramOutcome(told)).toEqual(forged));

  it('keeps 200 characters of a text, and none that steer what shows it', () => {
    const textOf = (text: string) => readProgramOutcome({ ok: true, text, number: null });
    expect(textOf('7'.repeat(500_000))).toMatchObject({ text: '7'.repeat(200) });
    expect(textOf('😀'.repeat(300))).toMatchObject({ text: '😀'.repeat(200) });
    expect(textOf('a\tb\nc <b>d</b> é 日本')).toMatchObject({ text: 'a\tb\nc <b>d</b> é 日本' });
    expect(textOf('\0\x1b[2J\x7f\u202e\u2066\ud800\uffff')).toMatchObject({ text: '��[2J�����' });
  });

  it('has a detail that is a short text', () => {
    const told = { ok: false, failure: 'timeout', detail: { a: 1 } };
    expect(readProgramOutcome(told)).toEqual({ ...told, detail: '' });
    expect(readProgramOutcome({ ...told, detail: `\x1b${'x'.repeat(10_000)}` })).toEqual({
      ...told,
      detail: `\ufffd${'x'.repeat(499)}`,
    });
  });
});

describe('the outcome of a verifier', () => {
  it('is a verdict, a program that it wants, or a failure', () => {
    for (const told of [
      { ok: true, verdict: { reward: 1 } },
      { ok: true, verdict: null },
      { wanted: 'def solution(): return 1' },
      { ok: false, failure: 'verdict', detail: 'line 3: none' },
    ])
      expect(readVerifierOutcome(told)).toEqual(told);
  });

  it.each([null, 5, [], {}, { ok: true }, { ok: true, verdict: 5 }, { wanted: 5 }, { ok: false, failure: 'no-value' }])(
    'is none: %j',
    (told) => expect(readVerifierOutcome(told)).toEqual(forged),
  );
});
