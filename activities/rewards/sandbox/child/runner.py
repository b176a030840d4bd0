"""Runs one model-written program inside the sealed interpreter and says what it gave.

Loaded once by `main.mjs`, before the snapshot. Nothing here has to withstand a hostile program: the seal keeps Python from
the machine, and memory is put back after every program that is not plain. What this file must get right is `is_plain`.
"""

import builtins
import gc
import io
import json
import opcode
import random
import sys
import warnings

# What programs may import. All of it is loaded now, because the file system is closed once programs run.
import _strptime  # noqa: F401  (datetime imports it when first used)
import bisect
import calendar
import cmath
import collections.abc
import copy
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import heapq
import itertools
import math
import numbers
import operator
import re
import statistics
import string
import typing

ALLOWED_MODULES = frozenset(
    """bisect calendar cmath collections copy dataclasses datetime decimal enum fractions functools heapq itertools math
    numbers operator random re statistics string typing""".split()
)

# The names a plain program may load: builtins, methods of fresh values, and functions of `math`. No name here leads to a
# mutable object that outlives the program.
PLAIN_NAMES = frozenset(
    """solution math abs all any bin bool chr complex dict divmod enumerate filter float frozenset hex int isinstance iter
    len list map max min next oct ord pow print range repr reversed round set slice sorted str sum tuple zip
    True False None Exception ArithmeticError AssertionError AttributeError IndexError KeyError LookupError NameError
    OverflowError RuntimeError StopIteration TypeError ValueError ZeroDivisionError
    add append clear copy count difference discard endswith extend find get index insert intersection isalpha isdigit
    is_integer issubset issuperset items join keys lower lstrip pop popitem remove replace reverse rstrip setdefault sort
    split startswith strip title union update upper values zfill
    ceil comb cos degrees dist e exp fabs factorial floor fmod fsum gcd hypot inf isclose isnan isqrt lcm log log10 log2 nan
    perm pi prod radians sin sqrt tan trunc""".split()
)
OTHER_BUILTINS = frozenset(dir(builtins)) - PLAIN_NAMES
READS_ATTRIBUTES = tuple(opcode.opmap[name] for name in ("LOAD_ATTR", "IMPORT_NAME", "IMPORT_FROM"))
NEVER_PLAIN = tuple(
    opcode.opmap[name]
    for name in ("STORE_ATTR", "DELETE_ATTR", "LOAD_SUPER_ATTR", "LOAD_BUILD_CLASS", "MATCH_CLASS")
)
CODE_TYPE = type(compile("", "", "exec"))
CALL = compile("solution()", "<call>", "eval")


def is_plain(code, plain_names=PLAIN_NAMES):
    """Whether a program cannot change anything that outlives it, judged by its names and operations before it runs.

    A wrong "no" costs a restore of the memory (some milliseconds); a wrong "yes" would let one program touch the next.
    """
    operations = code.co_code[::2]
    for operation in NEVER_PLAIN:
        if operation in operations:
            return False
    if any(operation in operations for operation in READS_ATTRIBUTES):
        if not plain_names.issuperset(code.co_names):
            return False
    else:
        for name in code.co_names:
            if name in OTHER_BUILTINS or name[0] == "_":
                return False
    return all(is_plain(constant, plain_names) for constant in code.co_consts if type(constant) is CODE_TYPE)


def importing(allowed_modules, importer):
    """An `__import__` that knows these modules only; `importer` is who wants them."""

    def import_allowed(name, globals=None, locals=None, fromlist=(), level=0):
        if level or name.partition(".")[0] not in allowed_modules:
            raise ImportError(f"{importer} may not import {name}")
        return builtins.__import__(name, globals, locals, fromlist, level)

    return import_allowed


def open_refused(*_arguments, **_options):
    raise PermissionError("files may not be opened here")


class Swallow(io.TextIOBase):
    """Standard output: what programs print goes nowhere and takes no memory."""

    def write(self, text):
        return len(text)


PROGRAM_BUILTINS = dict(vars(builtins), __import__=importing(ALLOWED_MODULES, "a program"), open=open_refused)


def compile_program(source):
    """The program as written; where that is no Python, its text up to the first blank line, as the published engine cuts it."""
    try:
        return compile(source, "<program>", "exec")
    except SyntaxError:
        first, blank, _rest = source.partition("\n\n")
        if not blank:
            raise
        return compile(first, "<program>", "exec")


def describe(error):
    try:
        return f"{type(error).__name__}: {error}"[:200]
    except BaseException:
        return type(error).__name__


def number_of(value):
    """`float(value)`, as the published code converts results; None where Python refuses."""
    try:
        return repr(float(value))
    except Exception:
        return None


def text_of(value):
    try:
        return str(value)[:200]
    except Exception:
        return ""


def run(source):
    """JSON text of `[plain, failure or None, detail or text, number or None]`."""
    namespace = {"__builtins__": PROGRAM_BUILTINS, "__name__": "program", "math": math}
    plain = False
    try:
        try:
            code = compile_program(source)
        except (SyntaxError, ValueError) as error:
            return json.dumps([True, "syntax", describe(error), None])
        plain = is_plain(code)
        exec(code, namespace)
        value = eval(CALL, namespace)
        if value is None:
            return json.dumps([plain, "no-value", "solution() returned None", None])
        # Text first: should a hostile number_of change sys.stdout or worse, the restore that follows undoes it.
        return json.dumps([plain, None, text_of(value), number_of(value)])
    except MemoryError as error:
        return json.dumps([False, "memory", describe(error), None])
    except SystemExit as error:
        return json.dumps([False, "exit", describe(error), None])
    except KeyboardInterrupt as error:
        return json.dumps([False, "interrupted", describe(error), None])
    except BaseException as error:
        return json.dumps([plain, "exception", describe(error), None])
    finally:
        namespace.clear()


for name in ("js", "pyodide_js", "pyodide", "_pyodide", "_pyodide_core", "ctypes", "_ctypes"):
    sys.modules[name] = None
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__name__ != "JsFinder"]
sys.stdout = sys.stderr = Swallow()
warnings.simplefilter("ignore")
# Part of the snapshot, so that every program draws the same random numbers.
random.seed(0)
# Cycle collection would walk millions of references while a program fills the memory; restores sweep the cycles instead.
gc.collect()
gc.disable()
