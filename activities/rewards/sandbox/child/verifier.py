"""Lets a user's verifier judge one response inside the sealed interpreter and says what it gave.

Loaded once by `main.mjs`, after `runner.py` and into its namespace. The verifier is the user's and not hostile. The response may be: it
comes as text and nothing here runs it. Each verdict is given in a namespace of its own, so that it depends on no other.
"""

import ast
import difflib
import math
import textwrap
import unicodedata

VERIFIER_MODULES = ALLOWED_MODULES | {"ast", "difflib", "json", "textwrap", "unicodedata"}

# Names beside a program's that a verifier may load and still count as plain: functions and attributes that change no object which
# outlives the verdict. A verifier with other names costs a restore of the memory for each response.
VERIFIER_NAMES = PLAIN_BUILTINS | PLAIN_METHODS | PLAIN_CONSTANTS | frozenset(
    """solution math enumerate filter frozenset iter map next reversed set slice zip
    add difference discard intersection issubset issuperset union
    ast bisect cmath collections copy difflib fractions functools heapq itertools json numbers operator re statistics
    string textwrap unicodedata run isinstance type callable bytes bytearray BaseException RecursionError SyntaxError
    UnicodeError
    parse walk literal_eval dump unparse iter_child_nodes AST Module Expression Expr BinOp UnaryOp BoolOp Compare Constant
    Name Call Tuple List Dict Assign Return FunctionDef Add Sub Mult Div FloorDiv Mod Pow USub UAdd Load Store body left
    right op operand operators ops comparators elts targets value id func args arg lineno
    Counter defaultdict deque OrderedDict namedtuple elements most_common subtract total appendleft popleft
    match search fullmatch findall finditer split sub subn group groups groupdict start end span escape compile
    IGNORECASE MULTILINE DOTALL I M S
    loads dumps JSONDecodeError ValueError
    Fraction numerator denominator limit_denominator Rational Real Integral Number
    SequenceMatcher ratio quick_ratio get_close_matches unified_diff ndiff
    reduce partial chain combinations permutations product accumulate groupby islice repeat takewhile dropwhile
    zip_longest pairwise count cycle starmap from_iterable
    neg mod mul truediv floordiv itemgetter
    mean median mode stdev pstdev variance fmean
    ascii_letters ascii_lowercase ascii_uppercase digits punctuation whitespace
    dedent indent wrap fill shorten normalize category name casefold capitalize swapcase center ljust rjust rindex rfind
    rsplit rpartition partition splitlines removeprefix removesuffix isalnum isspace isupper islower isnumeric isdecimal
    istitle isidentifier isascii encode decode maketrans translate bit_length as_integer_ratio fromkeys symmetric_difference
    isdisjoint heapify heappush heappop nlargest nsmallest bisect_left bisect_right insort failure""".split()
)
# As variables these are builtins that make code, or tell where an object lies; as attributes they are `re.compile` and `node.id`.
NEVER_VARIABLES = frozenset(["compile", "id"])
VERIFIER_BUILTINS = dict(vars(builtins), __import__=importing(VERIFIER_MODULES, "a verifier"), open=open_refused)
VERIFIER_FILE = "<verifier>"
VERDICT_FIELDS = frozenset(["reward", "correct", "value", "failure", "parts"])

# Sources that were compiled since the memory was last put back.
verifiers = {}


class Outcome(typing.NamedTuple):
    """What `run(program)` gives a verifier."""

    # `float(solution())` where Python can make one, else `str(solution())`, at most 200 characters; None where the program failed.
    value: float | str | None
    # `syntax`, `exception`, `timeout`, `memory`, …; None where it did not.
    failure: str | None


class Wanted(BaseException):
    """Ends a verdict that needs a program's outcome: the program runs elsewhere, and the verifier starts again."""


class Unusable(Exception):
    """The verifier has no function `reward`, or that returned no verdict."""


def compile_verifier(source):
    """The verifier's code, and whether its verdicts may share memory."""
    if source not in verifiers:
        tree = ast.parse(source, VERIFIER_FILE)
        nodes = list(ast.walk(tree))
        variables = [node for node in nodes if isinstance(node, ast.Name)]
        own = {node.id for node in variables if isinstance(node.ctx, ast.Store)}
        own.update(node.name for node in nodes if isinstance(node, ast.FunctionDef))
        code = compile(tree, VERIFIER_FILE, "exec")
        plain = changes_nothing(code, VERIFIER_NAMES | own | {"__doc__"}) and NEVER_VARIABLES.isdisjoint(node.id for node in variables)
        verifiers[source] = (code, plain)
    return verifiers[source]


def number_in(verdict, field):
    """A finite number, truth values counted as 1 and 0."""
    number = verdict[field]
    if not isinstance(number, (int, float)):
        raise Unusable(f"{field} is {described(number)}, not a number")
    try:
        finite = math.isfinite(number)
    except OverflowError:
        finite = False
    if not finite:
        raise Unusable(f"{field} is {described(number)}, not a finite number")
    return float(number)


def described(value):
    """`None`, `'yes' (str)`: short, and whatever the value's own methods do."""
    try:
        shown = repr(value)[:80]
    except Exception:
        shown = "a value"
    return shown if value is None else f"{shown} ({type(value).__name__})"


def is_word(value):
    return isinstance(value, str) and re.fullmatch("[A-Za-z0-9_-]{1,64}", value) is not None


def verdict_of(returned):
    """What `reward` returned, as JSON can carry it."""
    given = returned if isinstance(returned, dict) else {"reward": returned}
    for field in given:
        if field not in VERDICT_FIELDS:
            raise Unusable(f"the dict has an entry {field!r}, but may have {', '.join(sorted(VERDICT_FIELDS))} only")
    if "reward" not in given:
        raise Unusable("the dict has no entry 'reward'")
    verdict = dict(given, reward=number_in(given, "reward"))
    if not isinstance(verdict.get("correct", False), bool):
        raise Unusable(f"correct is {described(verdict['correct'])}, not True or False")
    value = verdict.get("value")
    if isinstance(value, (int, float)):
        verdict["value"] = number_in(verdict, "value")
    elif value is not None and not isinstance(value, str):
        raise Unusable(f"value is {described(value)}, not a number, a text or None")
    if "failure" in verdict and not is_word(verdict["failure"]):
        raise Unusable(f"failure is {described(verdict['failure'])}, not a word of letters, digits, _ and -")
    parts = verdict.get("parts", {})
    if not isinstance(parts, dict) or not all(map(is_word, parts)):
        raise Unusable(f"parts is {described(parts)}, not a dict from words (letters, digits, _ and -) to numbers")
    if "parts" in verdict:
        verdict["parts"] = {name: number_in(parts, name) for name in parts}
    return verdict


def line_of(error):
    """The last line of the verifier that an exception went through, as `line 3: `; nothing where it went through none."""
    trace = error.__traceback__
    line = error.lineno if isinstance(error, SyntaxError) and error.filename == VERIFIER_FILE else None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == VERIFIER_FILE:
            line = trace.tb_lineno
        trace = trace.tb_next
    return "" if line is None else f"line {line}: "


def judge(source, given):
    """A verdict, or the program that must run first. `given` None: the verifier is only loaded."""
    code, _plain = compile_verifier(source)
    wanted = []

    def run(program):
        if not isinstance(program, str):
            raise TypeError(f"run takes the text of a program, not {described(program)}")
        outcome = given["outcomes"].get(program)
        if outcome is None:
            wanted.append(program)
            raise Wanted
        if not outcome["ok"]:
            return Outcome(None, outcome["failure"])
        return Outcome(outcome["text"] if outcome["number"] is None else float(outcome["number"]), None)

    namespace = {"__builtins__": dict(VERIFIER_BUILTINS), "__name__": "verifier", "run": run}
    try:
        exec(code, namespace)
        reward = namespace.get("reward")
        if not callable(reward):
            raise Unusable("it defines no function reward(example, response)")
        if given is None:
            return {"ok": True, "verdict": None}
        returned = reward(given["example"], given["response"])
        # A verifier may have caught the exception that asks for a program: what it made of that is no verdict.
        if not wanted:
            try:
                return {"ok": True, "verdict": verdict_of(returned)}
            except Unusable as error:
                line = getattr(getattr(reward, "__code__", None), "co_firstlineno", None)
                raise Unusable(f"{'' if line is None else f'line {line}: '}{error}") from None
    except Wanted:
        pass
    finally:
        namespace.clear()
    return {"wanted": wanted[0]}


def judge_verifier(source):
    """`plain` or `other`: whether its verdicts may share memory. Nothing of it runs."""
    try:
        return "plain" if compile_verifier(source)[1] else "other"
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return "other"


def forget_verifiers():
    verifiers.clear()
    return ""


def verify(request):
    """JSON text of the outcome for JSON text of `{source, given}`; shapes as in `../outcome.ts`."""
    asked = json.loads(request)
    try:
        return json.dumps(judge(asked["source"], asked["given"]))
    except Unusable as error:
        failure, detail = "verdict", str(error)
    except SyntaxError as error:
        failure = "syntax" if error.filename == VERIFIER_FILE else "exception"
        detail = f"{line_of(error)}{error.msg if failure == 'syntax' else describe(error)}"
    except (MemoryError, RecursionError) as error:
        failure, detail = "memory", f"{line_of(error)}{describe(error)}"
    except SystemExit as error:
        failure, detail = "exit", f"{line_of(error)}{describe(error)}"
    except KeyboardInterrupt as error:
        failure, detail = "interrupted", describe(error)
    except BaseException as error:
        failure, detail = "exception", f"{line_of(error)}{describe(error)}"
    return json.dumps({"ok": False, "failure": failure, "detail": detail})
