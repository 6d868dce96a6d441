package torchfile

import "strings"

// dangerousModules are modules of which any use lets a pickle run code, start a program, or reach files or the network.
// The list only gives a name to the danger: what is converted is decided by the allow-list alone.
var dangerousModules = set(`
	_aix_support _bootsubprocess _ctypes _imp _io _osx_support _pickle _posixsubprocess _pyrepl _socket _ssl _thread
	_winapi _xxsubinterpreters aiohttp asyncio asyncore bdb cgi cloudpickle cmd code codeop commands
	concurrent cProfile ctypes dill distutils doctest ensurepip faulthandler fileinput ftplib gc glob http httplib
	httpx idlelib imaplib imp importlib inspect joblib jsonpickle lib2to3 linecache marshal mmap modulefinder msvcrt
	multiprocessing nntplib nt ntpath nturl2path os paramiko pdb pickle pickletools pip pkg_resources pkgutil platform
	plistlib popen2 poplib posix posixpath profile pstats pty py_compile pydoc requests resource rlcompleter runpy
	selectors setuptools shelve shutil signal smtplib socket socketserver sqlite3 ssl subprocess sys
	sysconfig telnetlib tempfile threading timeit trace tracemalloc tty urllib urllib2 urllib3 venv
	webbrowser winreg wsgiref xmlrpc zipapp zipimport
	logging.config multiprocess numpy.distutils numpy.f2py numpy.testing numpy.ctypeslib torch.hub
	torch.utils.cpp_extension torch.utils.bottleneck torch.utils.collect_env torch.utils._config_module
	torch._inductor torch._dynamo torch.multiprocessing torch.package torch.fx
	torch.utils.show_pickle
`)

// dangerousNames are single functions and classes of modules that also hold harmless ones.
var dangerousNames = set(`
	builtins.__build_class__ builtins.__import__ builtins.__loader__ builtins.apply builtins.breakpoint builtins.compile
	builtins.delattr builtins.eval builtins.exec builtins.execfile builtins.exit builtins.file
	builtins.filter builtins.getattr builtins.globals builtins.help builtins.input builtins.locals builtins.map
	builtins.open builtins.quit builtins.raw_input builtins.reduce builtins.reload
	builtins.setattr builtins.vars
	operator.attrgetter operator.call operator.itemgetter operator.methodcaller
	functools.partial functools.partialmethod functools.reduce functools.singledispatch
	itertools.starmap copyreg.add_extension copyreg.pickle
	codecs.open codecs.lookup io.open io.open_code io.FileIO tarfile.open zipfile.ZipFile
	pathlib.Path.write_text pathlib.Path.write_bytes pathlib.Path.unlink
	contextlib.ExitStack weakref.finalize atexit.register string.Formatter
	numpy.load numpy.save numpy.savetxt numpy.loadtxt numpy.fromfile numpy.genfromtxt numpy.memmap numpy.DataSource
	numpy.apply_along_axis numpy.core.multiarray.fromfile numpy.lib.npyio.load
	pandas.read_pickle pandas.eval pandas.io.pickle.read_pickle pandas.core.computation.eval.eval
	torch.load torch.save torch.storage._load_from_bytes torch.serialization.load torch.serialization.save
	torch.serialization._load torch.serialization._legacy_load torch._utils._import_dotted_name
	torch.ops.load_library torch._ops.load_library torch.import_ir_module torch.jit.load torch.jit._serialization.load
	torch.utils.data.datapipes.utils.decoder.basichandlers
`)

// harmlessNames are exceptions: classes without code that torch itself takes from strangers.
var harmlessNames = set("torch._dynamo.decorators._DimRange")

func set(words string) map[string]bool {
	s := make(map[string]bool)
	for _, w := range strings.Fields(words) {
		s[w] = true
	}
	return s
}

// modernModules and modernNames give today's names of what Python 2 called otherwise. Python 3 maps them when it unpickles,
// and writes the old ones in protocol 2, which is torch's. These are those of its _compat_pickle that matter here.
var (
	modernModules = map[string]string{
		"__builtin__": "builtins", "exceptions": "builtins", "copy_reg": "copyreg", "cPickle": "pickle", "thread": "_thread",
		"commands": "subprocess", "_winreg": "winreg", "SocketServer": "socketserver", "BaseHTTPServer": "http.server",
		"SimpleHTTPServer": "http.server", "CGIHTTPServer": "http.server", "xmlrpclib": "xmlrpc.client",
		"SimpleXMLRPCServer": "xmlrpc.server", "DocXMLRPCServer": "xmlrpc.server", "StringIO": "io", "cStringIO": "io",
	}
	modernNames = map[string]string{
		"__builtin__.xrange": "builtins.range", "__builtin__.reduce": "functools.reduce", "__builtin__.intern": "sys.intern",
		"__builtin__.unichr": "builtins.chr", "__builtin__.unicode": "builtins.str", "__builtin__.long": "builtins.int",
		"__builtin__.basestring": "builtins.str", "itertools.imap": "builtins.map", "itertools.ifilter": "builtins.filter",
		"itertools.izip": "builtins.zip",
	}
)

// modern returns today's name of a global.
func modern(module, name string) (string, string) {
	if now, ok := modernNames[module+"."+name]; ok {
		module, name, _ = strings.Cut(now, ".")
		return module, name
	}
	if now, ok := modernModules[module]; ok {
		return now, name
	}
	return module, name
}

// dangerous reports whether a global is on the deny-list. A dotted name walks through attributes, so the part of
// "torch.os.system" from "os" on is looked at as well.
func dangerous(module, name string) bool {
	module, name = modern(module, name)
	if denied(module, name) {
		return true
	}
	parts := strings.Split(name, ".")
	if len(parts) > 64 {
		parts = parts[:64]
	}
	for i := range len(parts) - 1 {
		if denied(parts[i], strings.Join(parts[i+1:], ".")) {
			return true
		}
	}
	return false
}

// denied looks up a module with all its parents, and each prefix of the dotted name in it.
func denied(module, name string) bool {
	if harmlessNames[module+"."+name] {
		return false
	}
	for m := module; m != ""; {
		if dangerousModules[m] {
			return true
		}
		m = m[:max(0, strings.LastIndexByte(m, '.'))]
	}
	for end := range len(name) + 1 {
		if (end == len(name) || name[end] == '.') && dangerousNames[module+"."+name[:end]] {
			return true
		}
	}
	return false
}
