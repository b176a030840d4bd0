/** Programs that reach for what is outside, or bring the interpreter down. */
import { solution } from '../solution.js';
import { fromBelow } from './ways.js';

const importing = 'import_ = sys.modules["builtins"].__import__\n';
/** With the import function that knows everything, and the modules that were shut. */
const outside = (body: string): string =>
  fromBelow(
    `${importing}for name in ('js', 'pyodide', 'pyodide_js', '_pyodide', '_pyodide_core', 'ctypes', '_ctypes'): sys.modules.pop(name, None)\n${body}`,
  );

const shutModules =
  'js pyodide_js pyodide.code pyodide.http _pyodide _pyodide_core os sys builtins importlib subprocess socket ctypes gc time threading signal io pathlib pickle marshal shutil tempfile asyncio multiprocessing urllib.request http.client inspect types code weakref numpy sympy'.split(
    ' ',
  );

const files: readonly string[] = [
  "open('/etc/passwd').read()",
  "open('/tmp/x', 'w').write('x')",
  "sys.modules['io'].open('/tmp/x', 'w').write('x')",
  "sys.modules['io'].open('/proc/self/environ').read()",
  "sys.modules['os'].open('/etc/passwd', 0)",
  "sys.modules['os'].listdir('/')",
  "sys.modules['os'].mkdir('/tmp/y')",
  "sys.modules['os'].chdir('/tmp')",
  "sys.modules['os'].getcwd()",
  "sys.modules['os'].unlink('/lib/python314.zip')",
  "sys.modules['os'].rename('/lib', '/bil')",
  "sys.modules['os'].close(1), sys.modules['os'].close(2), sys.modules['os'].close(3)",
  'sys.modules["os"].write(3, b\'{"outcome":{"ok":true,"text":"5","number":"5.0"}}\\n\')',
  'sys.modules["os"].write(1, b"x" * 10 ** 6)',
  "sys.modules['os'].dup2(1, 3)",
  "sys.modules['os'].read(0, 100)",
  "sys.modules['os'].pipe()",
  "sys.modules['os'].symlink('/etc', '/tmp/etc')",
  "sys.modules['os'].stat('/').st_mtime",
  "sys.modules['os'].urandom(8).hex()",
  "import_('pathlib').Path('/').glob('*')",
  "import_('tempfile').mkdtemp()",
  "import_('mmap').mmap(-1, 100)",
  "import_('zipimport').zipimporter('/lib/python314.zip').get_data('os.py')",
];

const processes: readonly string[] = [
  "sys.modules['os'].system('id')",
  "sys.modules['posix'].fork()",
  "sys.modules['os'].execv('/bin/sh', ['sh'])",
  "sys.modules['os'].kill(sys.modules['os'].getppid(), 9)",
  "sys.modules['os'].kill(sys.modules['os'].getpid(), 9)",
  "sys.modules['os'].popen('id').read()",
  "import_('subprocess').run(['id'])",
  "import_('socket').create_connection(('127.0.0.1', 80))",
  "import_('socket').socketpair()",
  "import_('socket').getaddrinfo('localhost', 80)",
  "import_('urllib.request').urlopen('http://127.0.0.1/')",
  "import_('time').sleep(60)",
  "import_('select').select([], [], [], 60)",
  "import_('signal').pause()",
  "import_('signal').raise_signal(2)",
  "import_('signal').raise_signal(9)",
  "import_('signal').raise_signal(11)",
  "import_('resource').setrlimit(0, (1, 1))",
  "str(dict(sys.modules['os'].environ))",
];

const threads: readonly string[] = [
  "import_('_thread').start_new_thread(lambda: None, ())",
  "import_('threading').Thread(target=lambda: None).start()",
  "import_('threading').Timer(0.01, lambda: None).start()",
  "import_('_thread').interrupt_main()",
  "import_('_thread').exit()",
  "import_('_thread').allocate_lock().acquire() and import_('_thread').allocate_lock().acquire(timeout=60)",
  "import_('asyncio').run(import_('asyncio').sleep(60))",
  "import_('multiprocessing').Process(target=print).start()",
  "import_('_interpreters').create()",
  "import_('concurrent.futures').ThreadPoolExecutor().submit(print).result()",
  "import_('queue').Queue().get(timeout=60)",
];

const javascript: readonly string[] = [
  "import_('js').process.exit()",
  "import_('js').eval('process.exit()')",
  "import_('pyodide_js').runPython('1')",
  "import_('pyodide.code').run_js('process.exit()')",
  "import_('_pyodide_core').to_js([1])",
  "import_('_pyodide_core').raw_call",
  "import_('pyodide.ffi').create_proxy(print)",
  "import_('pyodide.ffi').run_sync(1)",
  "import_('pyodide.webloop').WebLoop()",
  "import_('_pyodide._importhook').register_js_module('x', {})",
  "[o for o in below['gc'].get_objects() if 'JsProxy' in type(o).__name__ and not isinstance(o, type)][0]",
  "import_('pyodide_js')._module.HEAPU8",
];

const memoryAccess: readonly string[] = [
  "import_('_ctypes')",
  "import_('ctypes').string_at(0, 100)",
  "import_('ctypes').memset(id(1), 0, 100)",
  "import_('ctypes').CDLL(None).abort()",
  "import_('ctypes').pythonapi.Py_Finalize()",
  "import_('ctypes').cast(id(below), import_('ctypes').py_object).value",
  "import_('_testcapi')",
  "import_('_testinternalcapi')",
  "import_('array').array('b', [1] * 100).buffer_info()",
  "import_('faulthandler')._sigsegv()",
  "import_('faulthandler')._stack_overflow()",
  "import_('faulthandler')._fatal_error_c_thread()",
];

/** Bytecode that no compiler writes: it reads and writes past what it owns. */
const bytecode = (code: string, more = ''): string =>
  solution(
    `def victim(a=1):\n    b = a\n    return b\nvictim.__code__ = victim.__code__.replace(co_code=${code}${more})\nreturn victim()`,
  );
const op = (name: string, argument = 0): string =>
  `bytes([__import__("re").sys.modules["opcode"].opmap["${name}"], ${argument}])`;
const codeObjects: readonly string[] = [
  ...[
    'LOAD_FAST',
    'LOAD_CONST',
    'LOAD_NAME',
    'LOAD_GLOBAL',
    'LOAD_ATTR',
    'LOAD_DEREF',
    'DELETE_FAST',
    'STORE_ATTR',
  ].flatMap((name) =>
    [1, 50, 255].map((argument) => bytecode(`${op('RESUME')} + ${op(name, argument)} + ${op('RETURN_VALUE')}`)),
  ),
  ...[
    'POP_TOP',
    'RETURN_VALUE',
    'CALL',
    'SWAP',
    'COPY',
    'END_FOR',
    'POP_EXCEPT',
    'RERAISE',
    'BUILD_LIST',
    'UNPACK_SEQUENCE',
    'YIELD_VALUE',
    'RETURN_GENERATOR',
  ].map((name) => bytecode(`${op('RESUME')} + ${op(name, 9)} * 40 + ${op('RETURN_VALUE')}`)),
  ...[0, 7, 40, 99, 150, 200, 254].map((byte) => bytecode(`bytes([${byte}, 3] * 60)`)),
  bytecode(`${op('RESUME')} + ${op('LOAD_CONST')} * 10000 + ${op('RETURN_VALUE')}`),
  bytecode(`${op('RESUME')} + ${op('JUMP_BACKWARD', 200)}`),
  bytecode(`${op('RESUME')} + ${op('LOAD_FAST')} + ${op('RETURN_VALUE')}`, ', co_stacksize=0'),
  bytecode('victim.__code__.co_code', ', co_nlocals=0, co_varnames=()'),
  bytecode('victim.__code__.co_code', ', co_consts=(), co_exceptiontable=bytes(range(256))'),
  bytecode('victim.__code__.co_code', ', co_linetable=bytes([255] * 50), co_firstlineno=-5'),
  solution(
    'code = type(solution.__code__)\nreturn eval(code(0, 0, 0, 0, 0, 0, b"", (), (), (), "", "", "", 0, b"", b""))',
  ),
  solution('def inner(): return 1\ninner.__code__ = compile("1", "", "exec")\nreturn inner()'),
  solution('import copy\nreturn copy.deepcopy(solution.__code__).replace(co_flags=0xffff)'),
];

const exits: readonly string[] = [
  'exit()',
  'raise SystemExit(0)',
  solution('raise SystemExit'),
  solution('quit()'),
  solution('raise SystemExit({"a": 1})'),
  solution('class Out(SystemExit):\n    def __str__(self): raise SystemExit\nraise Out'),
  outside('sys.exit(0)'),
  outside("sys.modules['os']._exit(0)"),
  outside("sys.modules['os']._exit(77)"),
  outside("sys.modules['os'].abort()"),
  outside('raise KeyboardInterrupt'),
  outside("import_('_thread').interrupt_main()\nfor n in range(10 ** 6): pass"),
  solution('raise GeneratorExit'),
  solution('raise BaseException("x")'),
];

export const escapes: Readonly<Record<string, readonly string[]>> = {
  'imports what is shut': shutModules.flatMap((name) => [
    solution(`import ${name}\nreturn 1`),
    solution(`return __import__('${name}')`),
  ]),
  'opens files': files.map((body) => outside(`return ${body}`)),
  'starts and signals processes': processes.map((body) => outside(`return ${body}`)),
  'starts threads': threads.map((body) => outside(`return ${body}`)),
  'reaches JavaScript': javascript.map((body) => outside(`return str(${body})`)),
  'reaches raw memory': memoryAccess.map((body) => outside(`return ${body}`)),
  'runs forged bytecode': codeObjects,
  exits,
};
