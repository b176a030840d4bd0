/**
 * Rows that annotate an equation, as their authors publish them: MAWPS' `{sQuestion, lEquations, lSolutions}`, ASDiv's `{Body, Question, Answer,
 * Formula}`, SVAMP's `{Body, Question, Equation, Answer}`, and the tables of SVAMP's repository, `Question, Numbers, Equation, Answer`, in
 * which numbers have names and operators come first: `- number0 number1`.
 */
import { type Row, type RowForm, textOf } from './rowForm.js';
import { withEquation } from './withEquation.js';

export const mawpsRows: RowForm = {
  name: "MAWPS' (sQuestion, lEquations, lSolutions)",
  provesPrograms: true,
  recognises: (row) => 'sQuestion' in row,
  read(row, request) {
    const question = textOf(row.sQuestion);
    const index = textOf(row.iIndex);
    const id = index === null ? request.id : `mawps-${index}`;
    const [value, ...others] = listOf(row.lSolutions);
    if (question === null || value === undefined) return { problem: 'row lacks sQuestion or lSolutions', id };
    if (others.length > 0) return { problem: 'row has several answers', id };
    const equations = listOf(row.lEquations);
    return withEquation({ id, question, value, equation: equations.length > 0 ? equations.join('; ') : null }, request);
  },
};

export const asdivRows: RowForm = {
  name: "ASDiv's (Body, Question, Answer, Formula)",
  provesPrograms: true,
  recognises: (row) => ['Formula', 'formula'].some((name) => name in row),
  read(row, request) {
    const get = (name: string): string | null => textOf(row[name] ?? row[name.toLowerCase()]);
    const id = textOf(row.ID) ?? request.id;
    const asked = get('Question');
    const answer = get('Answer');
    if (asked === null || answer === null) return { problem: 'row lacks Question or Answer', id };
    if (answer.includes(';')) return { problem: 'row has several answers', id };
    const question = joined(get('Body'), asked);
    // Behind the number stands what is counted: `9 (apples)`.
    const value = answer.replace(/\s*\(.*$/su, '');
    return withEquation({ id, question, value, equation: get('Formula') }, request);
  },
};

export const svampRows: RowForm = {
  name: "SVAMP's (Question, Equation, Answer)",
  provesPrograms: true,
  recognises: (row) => 'Equation' in row && 'Question' in row,
  read(row, request) {
    const id = textOf(row.ID) ?? request.id;
    const asked = textOf(row.Question);
    const value = textOf(row.Answer);
    const equation = textOf(row.Equation);
    if (asked === null || value === null) return { problem: 'row lacks Question or Answer', id };
    const numbers = textOf(row.Numbers)?.split(/\s+/) ?? [];
    // Of the tables the question has the body in it.
    const question = numbers.length > 0 ? filledIn(asked, numbers) : joined(textOf(row.Body), asked);
    if (numbers.length === 0 || equation === null) return withEquation({ id, question, value, equation }, request);
    const infix = infixOf(filledIn(equation, numbers));
    if (infix === null) return { problem: 'equation cannot be read', id };
    return withEquation({ id, question, value, equation: infix }, request);
  },
};

/** A list of texts and numbers, or JSON of one. */
function listOf(value: Row[string]): readonly string[] {
  const list = Array.isArray(value)
    ? value
    : (textOf(value)
        ?.replace(/^\[|\]$/g, '')
        .split(/,\s*/) ?? []);
  return list.flatMap((one) => textOf(typeof one === 'string' ? one.trim().replace(/^["']|["']$/g, '') : one) ?? []);
}

function joined(body: string | null, question: string): string {
  if (body === null) return question;
  return `${/[.?!,;:]$/.test(body) ? body : `${body}.`} ${question}`;
}

/** `number0` is the first number, a whole one without its `.0`. */
function filledIn(text: string, numbers: readonly string[]): string {
  return text.replace(
    /\bnumber(\d+)\b/g,
    (name, index: string) => numbers[Number(index)]?.replace(/\.0+$/, '') ?? name,
  );
}

/** `- + 3 4 2` as `((3 + 4) - 2)`; null where operators and numbers do not match. */
function infixOf(prefix: string): string | null {
  const tokens = prefix.split(/\s+/);
  const stack: string[] = [];
  for (const token of tokens.reverse()) {
    if (!/^[-+*/]$/.test(token)) {
      stack.push(token);
      continue;
    }
    const left = stack.pop();
    const right = stack.pop();
    if (left === undefined || right === undefined) return null;
    stack.push(`(${left} ${token} ${right})`);
  }
  return stack.length === 1 ? (stack[0] ?? null) : null;
}
