"""Which programs may share an interpreter, of those that `plain.py` is not sure about: judged by their syntax.

Slower, but it understands comprehensions, generators, `key=lambda x: …`, `enumerate` and the like. The rule: functions, iterators and
views, which show where they lie in memory or make sets that do, are used up where they are made, and never held.
"""

import ast

# Take an iterable as their only positional argument, or as their first, and use it up.
CONSUMERS = frozenset("all any dict list max min next sorted sum tuple".split())
CONSUMING_METHODS = frozenset("extend fsum join prod update".split())
ITERATORS = frozenset("enumerate filter map reversed zip".split())
# `set` only stands in `len(set(…))`.
SPECIAL = CONSUMERS | ITERATORS | {"len", "set"}
TAKE_KEY = frozenset("max min sort sorted".split())
VIEWS = frozenset("items keys values".split())
# Longer programs are not worth it, and deeper ones might not get through the parser.
MOST_CHARACTERS = 4_000


class NotPlain(Exception):
    """Nothing that the rule allows."""


class Judge:
    """One program's. Every method raises `NotPlain`; a node that has no method is not plain."""

    def __init__(self, functions):
        # Names of its own functions.
        self.functions = functions

    def statements(self, nodes):
        for node in nodes:
            self.by_type("on_", node)

    def held(self, *nodes):
        """Expressions whose values may be kept, shown and compared."""
        for node in nodes:
            if node is not None:
                self.by_type("held_", node)

    def by_type(self, what, node):
        method = getattr(self, what + type(node).__name__, None)
        if method is None:
            raise NotPlain
        method(node)

    def iterable(self, node):
        """An expression that is gone through at once."""
        kind = type(node)
        if kind is ast.GeneratorExp:
            self.loops(node.generators)
            return self.held(node.elt)
        if kind is ast.Call:
            callee = node.func
            if type(callee) is ast.Name and callee.id in ITERATORS:
                given = list(node.args)
                if callee.id in ("filter", "map") and given:
                    self.function(given.pop(0))
                elif callee.id == "enumerate":
                    self.held(*given[1:])
                    del given[1:]
                for one in given:
                    self.iterable(one.value if type(one) is ast.Starred else one)
                return self.held(*[keyword.value for keyword in node.keywords])
            if type(callee) is ast.Attribute and callee.attr in VIEWS and not node.args and not node.keywords:
                return self.held(callee.value)
        return self.held(node)

    def function(self, node):
        """A function that is called by what it is given to, and not kept."""
        kind = type(node)
        if kind is ast.Lambda:
            self.parameters(node.args)
            self.held(node.body)
        elif kind is ast.Attribute and node.attr in PLAIN_METHODS - VIEWS:
            self.held(node.value)
        elif not (kind is ast.Name and node.id in self.functions):
            self.held(node)

    def loops(self, loops):
        for loop in loops:
            if loop.is_async:
                raise NotPlain
            self.target(loop.target)
            self.iterable(loop.iter)
            self.held(*loop.ifs)

    def parameters(self, arguments):
        self.held(*arguments.defaults, *arguments.kw_defaults)

    def target(self, node):
        kind = type(node)
        if kind is ast.Name:
            if node.id.startswith("__"):
                raise NotPlain
        elif kind is ast.Tuple or kind is ast.List:
            for element in node.elts:
                self.target(element)
        elif kind is ast.Starred:
            self.target(node.value)
        elif kind is ast.Subscript:
            self.held(node.value, node.slice)
        else:
            raise NotPlain

    # Statements.

    def on_Module(self, node):
        self.statements(node.body)

    def on_FunctionDef(self, node):
        if node.decorator_list or node.type_params or node.name.startswith("__"):
            raise NotPlain
        self.parameters(node.args)
        self.statements(node.body)

    def on_Return(self, node):
        self.held(node.value)

    on_Expr = on_Return

    def on_Assign(self, node):
        kinds = {type(target) for target in node.targets}
        for target in node.targets:
            self.target(target)
        if type(node.value) is ast.Lambda and kinds == {ast.Name}:
            self.function(node.value)
        elif kinds <= {ast.Tuple, ast.List}:
            self.iterable(node.value)
        else:
            self.held(node.value)

    def on_AugAssign(self, node):
        self.target(node.target)
        self.held(node.value)

    on_AnnAssign = on_AugAssign

    def on_Delete(self, node):
        for target in node.targets:
            self.target(target)

    def on_For(self, node):
        self.target(node.target)
        self.iterable(node.iter)
        self.statements(node.body)
        self.statements(node.orelse)

    def on_While(self, node):
        self.held(node.test)
        self.statements(node.body)
        self.statements(node.orelse)

    on_If = on_While

    def on_Try(self, node):
        self.statements(node.body)
        for handler in node.handlers:
            self.held(handler.type)
            self.statements(handler.body)
        self.statements(node.orelse)
        self.statements(node.finalbody)

    def on_Raise(self, node):
        self.held(node.exc, node.cause)

    def on_Assert(self, node):
        self.held(node.test, node.msg)

    def on_Import(self, node):
        if any(alias.name != "math" for alias in node.names):
            raise NotPlain

    def on_ImportFrom(self, node):
        if node.module != "math" or node.level or any(alias.name[0] in "_*" for alias in node.names):
            raise NotPlain

    def on_Pass(self, node):
        """Nothing to judge."""

    on_Break = on_Continue = on_Global = on_Nonlocal = on_Pass

    # Expressions.

    held_Constant = on_Pass

    def held_Name(self, node):
        name = node.id
        if name in self.functions or name in OTHER_BUILTINS or name.startswith("__") and name != "__name__":
            raise NotPlain

    def held_Attribute(self, node):
        if node.attr not in PLAIN_CONSTANTS:
            raise NotPlain
        self.held(node.value)

    def held_Call(self, node):
        callee = node.func
        given = list(node.args)
        name = None
        if type(callee) is ast.Name:
            name = callee.id
            if name in CONSUMERS and given and (len(given) == 1 or name in ("next", "sum")):
                self.iterable(given.pop(0))
            elif name == "len" and len(given) == 1 and type(given[0]) is ast.Call and type(given[0].func) is ast.Name:
                if given[0].func.id == "set" and len(given[0].args) == 1 and not given[0].keywords:
                    self.iterable(given.pop(0).args[0])
            # `next` of an iterator that is held does not come to pass: none is.
            if name not in self.functions and name != "next":
                self.held(callee)
        elif type(callee) is ast.Attribute:
            name = callee.attr
            if name not in PLAIN_METHODS or name in ITERATED_METHODS:
                raise NotPlain
            self.held(callee.value)
            if name in CONSUMING_METHODS and len(given) == 1:
                self.iterable(given.pop())
        else:
            self.held(callee)
        self.held(*given)
        for keyword in node.keywords:
            if keyword.arg == "key" and name in TAKE_KEY:
                self.function(keyword.value)
            else:
                self.held(keyword.value)

    def held_Starred(self, node):
        self.iterable(node.value)

    def held_ListComp(self, node):
        self.loops(node.generators)
        self.held(node.elt)

    def held_DictComp(self, node):
        self.loops(node.generators)
        self.held(node.key, node.value)

    def held_NamedExpr(self, node):
        self.target(node.target)
        self.held(node.value)

    def held_Compare(self, node):
        sides = [node.left, *node.comparators]
        for operator, left, right in zip(node.ops, sides, sides[1:]):
            if isinstance(operator, (ast.Is, ast.IsNot)):
                if not any(type(side) is ast.Constant and side.value in (None, True, False) for side in (left, right)):
                    raise NotPlain
            elif isinstance(operator, (ast.In, ast.NotIn)) and type(right) is ast.Set:
                self.held(*right.elts)
                continue
            self.held(right)
        self.held(node.left)

    def held_BinOp(self, node):
        self.held(node.left, node.right)

    def held_BoolOp(self, node):
        self.held(*node.values)

    def held_UnaryOp(self, node):
        self.held(node.operand)

    def held_IfExp(self, node):
        self.held(node.test, node.body, node.orelse)

    def held_List(self, node):
        self.held(*node.elts)

    held_Tuple = held_List

    def held_Dict(self, node):
        self.held(*node.keys, *node.values)

    def held_Subscript(self, node):
        self.held(node.value, node.slice)

    def held_Slice(self, node):
        self.held(node.lower, node.upper, node.step)

    held_JoinedStr = held_BoolOp

    def held_FormattedValue(self, node):
        self.held(node.value, node.format_spec)


def is_plain_syntax(source):
    """Whether a program, which compiles, leaves nothing behind and gives the same whatever else lies in memory."""
    if len(source) > MOST_CHARACTERS:
        return False
    functions = set()
    bound = set()
    try:
        tree = ast.parse(source)
        for node in ast.walk(tree):
            kind = type(node)
            if kind is ast.Name:
                if type(node.ctx) is not ast.Load:
                    bound.add(node.id)
            elif kind is ast.FunctionDef:
                functions.add(node.name)
            elif kind is ast.Assign:
                if type(node.value) is ast.Lambda:
                    functions.update(target.id for target in node.targets if type(target) is ast.Name)
            elif kind is ast.arg:
                bound.add(node.arg)
            elif kind is ast.alias or kind is ast.ExceptHandler:
                bound.update((node.name, getattr(node, "asname", None)))
        if not SPECIAL.isdisjoint(bound | functions):
            return False
        Judge(functions).on_Module(tree)
    except (NotPlain, RecursionError):
        return False
    return True
