"""Which programs and verifiers may share an interpreter: judged by their names and operations, before anything of them has run.

Loaded by `main.mjs` before `runner.py`, into the same namespace. A wrong "no" costs putting the memory back, twice (some milliseconds each). A
wrong "yes" would let one program touch the next.
"""

import builtins
import opcode

# Methods that a plain program may call, of fresh values and of `math`.
PLAIN_METHODS = frozenset(
    """append clear copy count endswith extend find get index insert isalpha isdigit is_integer items join keys lower lstrip pop
    popitem remove replace reverse rstrip setdefault sort split startswith strip title update upper values zfill
    ceil comb cos degrees dist exp fabs factorial floor fmod fsum gcd hypot isclose isnan isqrt lcm log log10 log2 perm prod
    radians sin sqrt tan trunc""".split()
)
# Their results may be gone through, but not kept: two of them make a set, whose order is by address where it holds a nan.
ITERATED_METHODS = frozenset(["items", "keys"])
# Attributes that it may read: of `math`.
PLAIN_CONSTANTS = frozenset(["e", "inf", "nan", "pi", "tau"])
# Builtins that it may use. None leads to a mutable object that outlives the program, or to an object that shows where it lies in memory: as
# the text or the place in a set of a function, a map or an iterator does.
PLAIN_BUILTINS = frozenset(
    """abs all any bin bool chr complex dict divmod float hex int isinstance len list max min oct ord pow print range repr
    round sorted str sum tuple True False None
    Exception ArithmeticError AssertionError AttributeError IndexError KeyError LookupError NameError OverflowError
    RuntimeError StopIteration TypeError ValueError ZeroDivisionError""".split()
)
OTHER_BUILTINS = frozenset(dir(builtins)) - PLAIN_BUILTINS

# What a plain function does: no attributes set, no sets, no closures and generators, nothing compared by identity but with None.
PLAIN_OPERATIONS = bytes(
    opcode.opmap[name]
    for name in """CACHE RESUME NOP NOT_TAKEN EXTENDED_ARG PUSH_NULL POP_TOP COPY SWAP RETURN_VALUE
    LOAD_CONST LOAD_SMALL_INT LOAD_COMMON_CONSTANT LOAD_GLOBAL STORE_GLOBAL DELETE_GLOBAL LOAD_NAME STORE_NAME DELETE_NAME
    LOAD_FAST LOAD_FAST_BORROW LOAD_FAST_LOAD_FAST LOAD_FAST_BORROW_LOAD_FAST_BORROW LOAD_FAST_CHECK LOAD_FAST_AND_CLEAR
    STORE_FAST STORE_FAST_LOAD_FAST STORE_FAST_STORE_FAST DELETE_FAST
    LOAD_ATTR CALL CALL_KW CALL_FUNCTION_EX CALL_INTRINSIC_1 IMPORT_NAME IMPORT_FROM
    BINARY_OP BINARY_SLICE STORE_SLICE STORE_SUBSCR DELETE_SUBSCR BUILD_SLICE COMPARE_OP CONTAINS_OP
    UNARY_NEGATIVE UNARY_NOT UNARY_INVERT TO_BOOL
    BUILD_LIST BUILD_TUPLE BUILD_MAP BUILD_STRING LIST_APPEND LIST_EXTEND MAP_ADD DICT_UPDATE DICT_MERGE
    UNPACK_SEQUENCE UNPACK_EX FORMAT_SIMPLE FORMAT_WITH_SPEC CONVERT_VALUE
    GET_ITER FOR_ITER END_FOR POP_ITER JUMP_FORWARD JUMP_BACKWARD JUMP_BACKWARD_NO_INTERRUPT
    POP_JUMP_IF_FALSE POP_JUMP_IF_TRUE POP_JUMP_IF_NONE POP_JUMP_IF_NOT_NONE
    RAISE_VARARGS RERAISE PUSH_EXC_INFO POP_EXCEPT CHECK_EXC_MATCH""".split()
)
LOAD_ATTR, LOAD_GLOBAL, LOAD_NAME, IMPORT_NAME, CALL, GET_ITER, PUSH_NULL, MAKE_FUNCTION, SET_FUNCTION_ATTRIBUTE = (
    opcode.opmap[name]
    for name in """LOAD_ATTR LOAD_GLOBAL LOAD_NAME IMPORT_NAME CALL GET_ITER PUSH_NULL MAKE_FUNCTION
    SET_FUNCTION_ATTRIBUTE""".split()
)
# What a module does beside: define functions, which get a name at once.
MODULE_OPERATIONS = PLAIN_OPERATIONS + bytes([MAKE_FUNCTION, SET_FUNCTION_ATTRIBUTE])
NAMING = frozenset([opcode.opmap["STORE_NAME"], opcode.opmap["STORE_GLOBAL"], SET_FUNCTION_ATTRIBUTE])
# Between an annotation's function and the one that it belongs to stands the code of the latter.
AFTER_FUNCTION = NAMING | {opcode.opmap["LOAD_CONST"]}
ANNOTATIONS = "__annotate__"
AFTER_ATTRIBUTE = 1 + opcode._inline_cache_entries["LOAD_ATTR"]
AFTER_CALL = AFTER_ATTRIBUTE + 1 + opcode._inline_cache_entries["CALL"]
# With more names, an operation's argument no longer says all of a name's number.
MOST_NAMES = 127
CODE_TYPE = type(compile("", "", "exec"))


def places(operation, operations):
    """Where an operation stands."""
    found = []
    at = operations.find(operation)
    while at >= 0:
        found.append(at)
        at = operations.find(operation, at + 1)
    return found


def is_plain_code(code, allowed_operations, functions):
    instructions = code.co_code
    operations = instructions[::2]
    names = code.co_names
    if operations.translate(None, allowed_operations) or len(names) > MOST_NAMES:
        return False
    if not names:
        return True
    if not OTHER_BUILTINS.isdisjoint(names):
        return False
    for name in names:
        if name[0] == "_":
            return False
    arguments = instructions[1::2]
    for at in places(LOAD_ATTR, operations):
        name = names[arguments[at] >> 1]
        # The lowest bit tells that what is loaded is called at once.
        if not arguments[at] & 1:
            if name not in PLAIN_CONSTANTS:
                return False
        elif name not in PLAIN_METHODS:
            return False
        elif name in ITERATED_METHODS:
            if operations[at + AFTER_ATTRIBUTE] != CALL or operations[at + AFTER_CALL] != GET_ITER:
                return False
    for at in places(IMPORT_NAME, operations):
        if names[arguments[at]] != "math":
            return False
    # The program's own functions may be called, but not held.
    for at in places(LOAD_GLOBAL, operations):
        if not arguments[at] & 1 and names[arguments[at] >> 1] in functions:
            return False
    for at in places(LOAD_NAME, operations):
        if names[arguments[at]] in functions and operations[at + 1] != PUSH_NULL:
            return False
    return True


def is_plain(module):
    """Whether a program leaves nothing behind, and gives the same whatever else lies in memory. No surer than it is quick."""
    functions = [constant for constant in module.co_consts if type(constant) is CODE_TYPE]
    own = frozenset(function.co_name for function in functions)
    if not is_plain_code(module, MODULE_OPERATIONS, own):
        return False
    operations = module.co_code[::2]
    for at in places(MAKE_FUNCTION, operations):
        if operations[at + 1] not in AFTER_FUNCTION:
            return False
    for at in places(SET_FUNCTION_ATTRIBUTE, operations):
        if operations[at + 1] not in NAMING:
            return False
    for function in functions:
        name = function.co_name
        # Annotations are not worked out unless they are asked for, by a name that no plain program may say.
        if name != ANNOTATIONS and (name[0] == "<" or not is_plain_code(function, PLAIN_OPERATIONS, own)):
            return False
    return True


READS_ATTRIBUTES = tuple(opcode.opmap[name] for name in ("LOAD_ATTR", "IMPORT_NAME", "IMPORT_FROM"))
LASTING_OPERATIONS = tuple(
    opcode.opmap[name]
    for name in ("STORE_ATTR", "DELETE_ATTR", "LOAD_SUPER_ATTR", "LOAD_BUILD_CLASS", "MATCH_CLASS")
)


def changes_nothing(code, names):
    """Whether a user's verifier, which may load these names, changes nothing that outlives its verdict."""
    operations = code.co_code[::2]
    for operation in LASTING_OPERATIONS:
        if operation in operations:
            return False
    if any(operation in operations for operation in READS_ATTRIBUTES):
        if not names.issuperset(code.co_names):
            return False
    else:
        for name in code.co_names:
            if name in OTHER_BUILTINS and name not in names or name[0] == "_":
                return False
    return all(changes_nothing(constant, names) for constant in code.co_consts if type(constant) is CODE_TYPE)
