"""Runs one model-written program inside the sealed interpreter and says what it gave.

Loaded once by `main.mjs`, before the snapshot. Nothing here has to withstand a hostile program: the seal keeps Python from
the machine, memory is put back after every program that is not plain, and what is said of a program once it has run is read with
distrust.
"""

import builtins
import gc
import io
import json
import random
import sys
import warnings

# What programs may import. All of it is loaded now, because the file system is closed once programs run.
import _pylong  # noqa: F401  (arithmetic with huge integers imports it when first needed)
import _strptime  # noqa: F401  (datetime does)
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
import unicodedata  # noqa: F401  (the compiler does, for a name that is not ASCII)

ALLOWED_MODULES = frozenset(
    """bisect calendar cmath collections copy dataclasses datetime decimal enum fractions functools heapq itertools math
    numbers operator random re statistics string typing""".split()
)

# What C code of these modules imports when first needed, in the name of the program that called it, and loaded here as well.
NEEDED_BY_C = frozenset(["_pylong", "_strptime", "time"])
CALL = compile("solution()", "<call>", "eval")


def importing(allowed_modules, importer):
    """An `__import__` that knows these modules only; `importer` is who wants them."""

    def import_allowed(name, globals=None, locals=None, fromlist=(), level=0):
        # C code gives an empty list, an import statement never does.
        is_needed = fromlist == [] and name in NEEDED_BY_C
        if level or not is_needed and name.partition(".")[0] not in allowed_modules:
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
    """The program's code and text; where it is no Python as written, of its text up to the first blank line, as the published engine cuts it."""
    try:
        return compile(source, "<program>", "exec"), source
    except SyntaxError:
        first, blank, _rest = source.partition("\n\n")
        if not blank:
            raise
        return compile(first, "<program>", "exec"), first


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
        return str.__getitem__(str(value), slice(200))
    except Exception:
        return ""


def failure_row(error):
    if isinstance(error, MemoryError):
        failure = "memory"
    elif isinstance(error, SystemExit):
        failure = "exit"
    elif isinstance(error, KeyboardInterrupt):
        failure = "interrupted"
    else:
        failure = "exception"
    return json.dumps([failure, describe(error), None])


quoted = json.encoder.encode_basestring_ascii

# The program's code, between `prepare` and `run`.
prepared = None


def prepare(source):
    """Compiles a program. `plain` or `other` as `is_plain` has it; for one that fails already, its row, as `run` gives it."""
    global prepared
    try:
        prepared, text = compile_program(source)
    except (SyntaxError, ValueError) as error:
        return json.dumps(["syntax", describe(error), None])
    except BaseException as error:
        return failure_row(error)
    return "plain" if is_plain(prepared) or is_plain_syntax(text) else "other"


def run():
    """Runs the program. JSON text of `[failure or None, detail or text, number or None]`."""
    namespace = {"__builtins__": PROGRAM_BUILTINS, "__name__": "program", "math": math}
    try:
        exec(prepared, namespace)
        value = eval(CALL, namespace)
        if value is None:
            return json.dumps(["no-value", "solution() returned None", None])
        text = text_of(value)
        number = number_of(value)
        # JSON's own way takes longer than most programs.
        return f"[null, {quoted(text)}, {'null' if number is None else quoted(number)}]"
    except BaseException as error:
        return failure_row(error)
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
