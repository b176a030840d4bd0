/**
 * MathQA's annotated formulas, `divide(multiply(650, subtract(const_100, 28)), const_100)`, as the lines of a Python program:
 * one operation a line, in the order in which they are needed, an operation that occurs twice written once.
 *
 * A formula comes from people choosing among operations and is wrong for two questions in five, so what is made of it has to
 * be run and compared with the answer before it is trained on.
 */
import { freeName } from './freeName.js';

/** Deeper than any formula that people write. */
const mostNested = 100;

/** A number of the question or a constant, or an operation on such. */
type Formula = string | { readonly operation: string; readonly operands: readonly Formula[] };

/** Python of every operation whose meaning its name tells. Operands are names or literals, so no brackets are needed. */
const operations: Readonly<Record<string, (...operands: string[]) => string>> = {
  add: (a, b) => `${a} + ${b}`,
  subtract: (a, b) => `${a} - ${b}`,
  multiply: (a, b) => `${a} * ${b}`,
  divide: (a, b) => `${a} / ${b}`,
  speed: (distance, time) => `${distance} / ${time}`,
  stream_speed: (down, up) => `(${down} - ${up}) / 2`,
  p_after_gain: (percent, price) => `${price} * (1 + ${percent} / 100)`,
  original_price_before_gain: (percent, price) => `${price} / (1 + ${percent} / 100)`,
  original_price_before_loss: (percent, price) => `${price} / (1 - ${percent} / 100)`,
  power: (a, b) => `${a} ** ${b}`,
  reminder: (a, b) => `${a} % ${b}`,
  negate: (a) => `-${a}`,
  inverse: (a) => `1 / ${a}`,
  sqrt: (a) => `math.sqrt(${a})`,
  log: (a) => `math.log(${a})`,
  sine: (degrees) => `math.sin(math.radians(${degrees}))`,
  cosine: (degrees) => `math.cos(math.radians(${degrees}))`,
  tangent: (degrees) => `math.tan(math.radians(${degrees}))`,
  floor: (a) => `math.floor(${a})`,
  factorial: (a) => `math.factorial(${whole(a)})`,
  choose: (n, k) => `math.comb(${whole(n)}, ${whole(k)})`,
  permutation: (n, k) => `math.perm(${whole(n)}, ${whole(k)})`,
  gcd: (a, b) => `math.gcd(${whole(a)}, ${whole(b)})`,
  lcm: (a, b) => `math.lcm(${whole(a)}, ${whole(b)})`,
  max: (a, b) => `max(${a}, ${b})`,
  min: (a, b) => `min(${a}, ${b})`,
  square_area: (side) => `${side} ** 2`,
  square_perimeter: (side) => `4 * ${side}`,
  square_edge_by_area: (area) => `math.sqrt(${area})`,
  square_edge_by_perimeter: (perimeter) => `${perimeter} / 4`,
  diagonal: (a, b) => `math.sqrt(${a} ** 2 + ${b} ** 2)`,
  rectangle_area: (a, b) => `${a} * ${b}`,
  rectangle_perimeter: (a, b) => `2 * (${a} + ${b})`,
  triangle_area: (base, height) => `${base} * ${height} / 2`,
  // Heron's formula.
  triangle_area_three_edges: (a, b, c) =>
    `math.sqrt((${a} + ${b} + ${c}) * (-${a} + ${b} + ${c}) * (${a} - ${b} + ${c}) * (${a} + ${b} - ${c})) / 4`,
  triangle_perimeter: (a, b, c) => `${a} + ${b} + ${c}`,
  rhombus_area: (a, b) => `${a} * ${b} / 2`,
  rhombus_perimeter: (side) => `4 * ${side}`,
  quadrilateral_area: (diagonal, a, b) => `${diagonal} * (${a} + ${b}) / 2`,
  circle_area: (radius) => `math.pi * ${radius} ** 2`,
  circumface: (radius) => `2 * math.pi * ${radius}`,
  volume_cube: (edge) => `${edge} ** 3`,
  surface_cube: (edge) => `6 * ${edge} ** 2`,
  cube_edge_by_volume: (volume) => `${volume} ** (1 / 3)`,
  volume_rectangular_prism: (a, b, c) => `${a} * ${b} * ${c}`,
  surface_rectangular_prism: (a, b, c) => `2 * (${a} * ${b} + ${b} * ${c} + ${a} * ${c})`,
  volume_cylinder: (radius, height) => `math.pi * ${radius} ** 2 * ${height}`,
  surface_cylinder: (radius, height) => `2 * math.pi * ${radius} * (${radius} + ${height})`,
  volume_cone: (radius, height) => `math.pi * ${radius} ** 2 * ${height} / 3`,
  volume_sphere: (radius) => `4 / 3 * math.pi * ${radius} ** 3`,
  surface_sphere: (radius) => `4 * math.pi * ${radius} ** 2`,
};

/** What a result is called where the operation's own name would read badly; all others are called after their operation. */
const resultNames: Readonly<Record<string, string>> = {
  add: 'total',
  subtract: 'difference',
  multiply: 'product',
  divide: 'quotient',
  reminder: 'remainder',
  negate: 'negative',
  sqrt: 'root',
  log: 'logarithm',
  floor: 'whole',
  choose: 'combinations',
  permutation: 'permutations',
  max: 'largest',
  min: 'smallest',
  circumface: 'circumference',
};

/** For functions of whole numbers: quotients that come out even are still fractions to Python. */
function whole(operand: string): string {
  return /^\d+$/.test(operand) ? operand : `int(${operand})`;
}

/**
 * Lines, without indentation, of which the last sets `name` to the formula's value; null when it is no formula, or has an
 * operation or a constant that no Python is known for.
 */
export function formulaLines(formula: string, name: string): readonly string[] | null {
  const parsed = parse(formula.replace(/\s+/g, ' ').trim());
  if (parsed === null) return null;
  const lines: string[] = [];
  const written = new Map<string, string>();
  const names = new Set([name]);

  /** What stands for a formula in later lines; null where it has no Python. */
  const write = (part: Formula, target?: string): string | null => {
    if (typeof part === 'string') return literal(part);
    const operands: string[] = [];
    for (const operand of part.operands) {
      const text = write(operand);
      if (text === null) return null;
      operands.push(text);
    }
    const toPython = Object.hasOwn(operations, part.operation) ? operations[part.operation] : undefined;
    if (toPython === undefined || toPython.length !== operands.length) return null;
    const expression = toPython(...operands);
    const known = written.get(expression);
    if (known !== undefined && target === undefined) return known;
    const variable = target ?? freeName([resultNames[part.operation] ?? part.operation], names);
    lines.push(`${variable} = ${expression}`);
    written.set(expression, variable);
    return variable;
  };

  const value = write(parsed, name);
  if (value === null) return null;
  return lines.length === 0 ? [`${name} = ${value}`] : lines;
}

/** A number as Python writes it: `06` and `1,000` are none, `const_3_6` stands for 3.6. */
function literal(text: string): string | null {
  if (text === 'const_pi') return 'math.pi';
  const written = text.startsWith('const_') ? text.slice('const_'.length).replace('_', '.') : text.replaceAll(',', '');
  const value = /^\d+(\.\d+)?$|^\.\d+$/.test(written) ? Number(written) : Number.NaN;
  return Number.isFinite(value) ? String(value) : null;
}

/** Operands are separated by a comma and a space: a comma alone belongs to a number. */
function parse(text: string): Formula | null {
  let at = 0;
  const parsePart = (depth: number): Formula | null => {
    if (depth > mostNested) return null;
    const token = /^(?:[^(), ]|,(?! ))+/.exec(text.slice(at))?.[0];
    if (token === undefined) return null;
    at += token.length;
    if (text[at] !== '(') return token;
    const operands: Formula[] = [];
    do {
      at += operands.length === 0 ? 1 : 2;
      const operand = parsePart(depth + 1);
      if (operand === null) return null;
      operands.push(operand);
    } while (text.startsWith(', ', at));
    if (text[at] !== ')') return null;
    at += 1;
    return { operation: token, operands };
  };
  const parsed = parsePart(0);
  return at === text.length ? parsed : null;
}
