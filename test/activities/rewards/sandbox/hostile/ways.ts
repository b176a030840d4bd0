/** How hostile programs get hold of the interpreter, and how they come to an end: what the kinds of `index.ts` are put together from. */
import { solution } from '../solution.js';

/** Statements after which `below` is the namespace of what runs programs, and `sys` the module. */
export const waysBelow: readonly string[] = [
  // The frames beneath an exception.
  'try:\n    1 / 0\nexcept Exception as e:\n    frame = e.__traceback__.tb_frame\nwhile frame.f_back: frame = frame.f_back\nbelow = frame.f_globals\nsys = below["sys"]',
  // A module that a class of the standard library holds.
  'warn = [c for c in ().__class__.__base__.__subclasses__() if c.__name__ == "catch_warnings"][0]\nsys = warn.__init__.__globals__["sys"]\nframe = sys._getframe()\nwhile frame.f_back: frame = frame.f_back\nbelow = frame.f_globals',
  // A generator's frame, and what the import function closes over.
  'g = (x for x in [1])\nbelow = g.gi_frame.f_builtins["__import__"].__globals__\nsys = below["sys"]\nframe = sys._getframe(1)',
];

/** A program that first gets below. */
export const fromBelow = (body: string, way = 0): string => solution(`${waysBelow[way]}\n${body}`);

/** Every pair of one of each. */
export function pairs(firsts: readonly string[], seconds: readonly string[]): string[] {
  return firsts.flatMap((first) => seconds.map((second) => `${first}\n${second}`));
}

/** How a program that has done its work may end. */
export const endings: readonly string[] = ['return 8', 'raise ValueError("as if nothing had happened")', 'return None'];
