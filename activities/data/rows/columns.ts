/** The columns that rows of a file have, for messages to those who have to name them. */
import { isRow, type Row } from './rowForm.js';

const sampledRows = 100;
const mostNames = 40;
const mostDepth = 3;
/** Of a list so many elements are looked at. */
const sampledElements = 2;

export interface Columns {
  add(row: Row): void;
  /** `question, extra.answer, messages.0.role, …` */
  describe(): string;
}

export function createColumns(): Columns {
  const names = new Set<string>();
  let rows = 0;
  const addParts = (prefix: string, parts: readonly (readonly [string, unknown])[], depth: number): void => {
    for (const [name, value] of parts) {
      const path = `${prefix}${name}`;
      const nested = Array.isArray(value)
        ? Object.entries(value.slice(0, sampledElements)).filter(([, element]) => isRow(element))
        : Object.entries(isRow(value) ? value : {});
      if (Array.isArray(value) || nested.length === 0) names.add(path);
      if (depth < mostDepth && names.size <= mostNames) addParts(`${path}.`, nested, depth + 1);
    }
  };
  return {
    add(row) {
      rows += 1;
      if (rows <= sampledRows) addParts('', Object.entries(row), 1);
    },
    describe() {
      const shown = [...names].slice(0, mostNames);
      if (shown.length === 0) return 'none';
      return shown.join(', ') + (names.size > shown.length ? ', …' : '');
    },
  };
}
