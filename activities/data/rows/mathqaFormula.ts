/**
 * MathQA's annotated formulas, `divide(multiply(650, subtract(const_100, 28)), const_100)`, as the lines of a Python program:
 * one operation a line, in the order in which they are needed, an operation that occurs twice written once.
 *
 * A formula comes from people choosing among operations and is wrong for two questions in five, so what is made of it has to
 * be run and compared with the answer before it is trained on.
 */

/** A number of the question or a constant, or an operation on such. */
type Formula = string | { readonly operation: string; readonly operands: readonly Formula[] };

/** Python of every operation whose meaning its name tells. Operands are names or literals, so no brackets are needed. */
const operations: Readonly<Record<string, (...operands: string[]) => string>> = {
  add: (a, b) => `${a} + ${b}`,
  subtract: (a, b) => `${a} - ${b}`,
  multiply: (a, b) => `${a} * ${b}`,
  divide: (a, b) => `${a} / ${b}`,
  speed: (distance, time) => `${distance} / ${time}`,
  power: (a, b) => `${a} ** ${b}`,
  reminder: (a, b) => `${a} % ${b}`,
  negate: (a) => `-${a}`,
  inverse: (a) => `1 / ${a}`,
  sqrt: (a) => `math.sqrt(${a})`,
  log: (a) => `math.log(${a})`,
  floor: (a) => `math.floor(${a})`,
  factorial: (a) => `math.factorial(${a})`,
  choose: (n, k) => `math.comb(${n}, ${k})`,
  permutation: (n, k) => `math.perm(${n}, ${k})`,
  gcd: (a, b) => `math.gcd(${a}, ${b})`,
  lcm: (a, b) => `math.lcm(${a}, ${b})`,
  max: (a, b) => `max(${a}, ${b})`,
  min: (a, b) => `min(${a}, ${b})`,
  square_area: (side) => `${side} ** 2`,
  square_perimeter: (side) => `4 * ${side}`,
  square_edge_by_area: (area) => `math.sqrt(${area})`,
  rectangle_area: (a, b) => `${a} * ${b}`,
  rectangle_perimeter: (a, b) => `2 * (${a} + ${b})`,
  triangle_area: (base, height) => `${base} * ${height} / 2`,
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

/**
 * Lines, without indentation, of which the last sets `name` to the formula's value; null when it is no formula, or has an
 * operation or a constant that no Python is known for.
 */
export function formulaLines(formula: string, name: string): readonly string[] | null {
  const parsed = parse(formula.replace(/\s+/g, ' ').trim());
  if (parsed === null) return null;
  const lines: string[] = [];
  const written = new Map<string, string>();

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
    const variable = target ?? `x${lines.length + 1}`;
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
  const parsePart = (): Formula | null => {
    const token = /^(?:[^(), ]|,(?! ))+/.exec(text.slice(at))?.[0];
    if (token === undefined) return null;
    at += token.length;
    if (text[at] !== '(') return token;
    const operands: Formula[] = [];
    do {
      at += operands.length === 0 ? 1 : 2;
      const operand = parsePart();
      if (operand === null) return null;
      operands.push(operand);
    } while (text.startsWith(', ', at));
    if (text[at] !== ')') return null;
    at += 1;
    return { operation: token, operands };
  };
  const parsed = parsePart();
  return at === text.length ? parsed : null;
}
