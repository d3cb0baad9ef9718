//! The one table of names: which functions allocate, free, are harmless or never return, and why.
//!
//! An import that is not here makes a verdict unknown and is named in it. A function with a body in the image is
//! judged by its body; only allocators and what ends the program are recognised by name there.

use crate::image::{Image, demangle};

/// What a call to a function means for the proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Takes memory from the heap.
    Allocates,
    /// Resizes a block of the heap.
    Reallocates,
    /// Gives memory back.
    Frees,
    /// Neither takes nor gives back memory, and calls nothing of ours back.
    Harmless,
    /// Control does not come back from it in the ordinary way.
    NeverReturns,
}

impl Class {
    /// A call to the C library or a fellow that takes or gives back memory.
    pub(crate) fn is_sink(self) -> bool {
        matches!(self, Self::Allocates | Self::Reallocates | Self::Frees)
    }
}

/// Some names, what they do, and how that is known.
struct Row {
    class: Class,
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "the reason is for readers; a test asks that it is there")
    )]
    reason: &'static str,
    names: &'static [&'static str],
}

const fn row(class: Class, reason: &'static str, names: &'static [&'static str]) -> Row {
    Row { class, reason, names }
}

/// Functions of C and of known allocators, by their exact symbol.
const TABLE: &[Row] = &[
    row(
        Class::Allocates,
        "the C library's allocator",
        &[
            "malloc",
            "calloc",
            "posix_memalign",
            "aligned_alloc",
            "memalign",
            "valloc",
            "pvalloc",
            "__libc_malloc",
            "__libc_calloc",
            "__libc_memalign",
        ],
    ),
    row(Class::Reallocates, "the C library's allocator", &["realloc", "reallocarray", "__libc_realloc"]),
    row(Class::Frees, "the C library's allocator", &["free", "cfree", "__libc_free"]),
    row(
        Class::Allocates,
        "an allocator linked in: mimalloc",
        &[
            "mi_malloc",
            "mi_malloc_aligned",
            "mi_malloc_small",
            "mi_zalloc",
            "mi_zalloc_aligned",
            "mi_zalloc_small",
            "mi_calloc",
            "mi_heap_malloc",
            "mi_heap_malloc_aligned",
        ],
    ),
    row(Class::Reallocates, "an allocator linked in: mimalloc", &["mi_realloc", "mi_realloc_aligned"]),
    row(
        Class::Frees,
        "an allocator linked in: mimalloc",
        &["mi_free", "mi_free_size", "mi_free_size_aligned"],
    ),
    row(
        Class::Allocates,
        "an allocator linked in: jemalloc",
        &[
            "_rjem_malloc",
            "_rjem_mallocx",
            "_rjem_calloc",
            "_rjem_aligned_alloc",
            "_rjem_posix_memalign",
            "mallocx",
        ],
    ),
    row(
        Class::Reallocates,
        "an allocator linked in: jemalloc",
        &["_rjem_realloc", "_rjem_rallocx", "_rjem_xallocx", "rallocx", "xallocx"],
    ),
    row(
        Class::Frees,
        "an allocator linked in: jemalloc",
        &["_rjem_free", "_rjem_sdallocx", "_rjem_dallocx", "sdallocx", "dallocx"],
    ),
    row(
        Class::Allocates,
        "returns memory that the C library allocated",
        &[
            "strdup",
            "strndup",
            "__strdup",
            "asprintf",
            "vasprintf",
            "getline",
            "getdelim",
            "fopen",
            "fopen64",
            "fdopen",
            "opendir",
            "fdopendir",
            "getaddrinfo",
            "realpath",
            "scandir",
            "glob",
            "regcomp",
            "iconv_open",
            "popen",
            "getcwd",
            "open_memstream",
            "setlocale",
            "newlocale",
            "backtrace_symbols",
        ],
    ),
    row(
        Class::Allocates,
        "allocates inside the C library: a list entry, a buffer, a cache",
        &[
            "__cxa_thread_atexit_impl",
            "__cxa_atexit",
            "atexit",
            "on_exit",
            "pthread_setspecific",
            "pthread_create",
            "pthread_getattr_np",
            "pthread_attr_setaffinity_np",
            "setenv",
            "putenv",
            "unsetenv",
            "tzset",
            "localtime",
            "localtime_r",
            "mktime",
            "dlopen",
            "dlsym",
            "dlerror",
            "qsort",
            "setvbuf",
            "getpwuid_r",
            "getgrgid_r",
            "getpwnam_r",
            "getgrnam_r",
            "initgroups",
            "getgrouplist",
            "posix_spawn",
            "posix_spawnp",
            "posix_spawn_file_actions_init",
            "posix_spawn_file_actions_adddup2",
            "posix_spawn_file_actions_addchdir_np",
            "execvp",
            "printf",
            "fprintf",
            "vfprintf",
            "puts",
            "fputs",
            "fwrite",
            "fputc",
            "putchar",
            "fflush",
            "fread",
            "fgets",
        ],
    ),
    row(
        Class::Allocates,
        "thread-local storage of a shared object is allocated at its first use",
        &["__tls_get_addr"],
    ),
    row(Class::Allocates, "maps fresh pages", &["mmap", "mmap64", "mremap", "brk", "sbrk"]),
    row(
        Class::Frees,
        "gives back what the C library allocated",
        &[
            "freeaddrinfo",
            "closedir",
            "fclose",
            "pclose",
            "regfree",
            "globfree",
            "iconv_close",
            "dlclose",
            "posix_spawn_file_actions_destroy",
            "freelocale",
        ],
    ),
    row(Class::Frees, "gives pages back", &["munmap"]),
    row(
        Class::NeverReturns,
        "unwinds or ends the program",
        &[
            "abort",
            "exit",
            "_exit",
            "_Exit",
            "quick_exit",
            "_Unwind_Resume",
            "_Unwind_RaiseException",
            "_Unwind_Resume_or_Rethrow",
            "_Unwind_ForcedUnwind",
            "__assert_fail",
            "__stack_chk_fail",
            "__fortify_fail",
            "__chk_fail",
            "longjmp",
            "siglongjmp",
            "__longjmp_chk",
            "pthread_exit",
            "err",
            "errx",
        ],
    ),
    row(
        Class::Harmless,
        "reads and writes the memory it is given",
        &[
            "memcpy",
            "memmove",
            "memset",
            "memcmp",
            "bcmp",
            "memchr",
            "memrchr",
            "rawmemchr",
            "memmem",
            "memccpy",
            "mempcpy",
            "bzero",
            "explicit_bzero",
            "strlen",
            "strnlen",
            "strcmp",
            "strncmp",
            "strcasecmp",
            "strncasecmp",
            "strchr",
            "strchrnul",
            "strrchr",
            "strstr",
            "strspn",
            "strcspn",
            "strpbrk",
            "strcpy",
            "strncpy",
            "stpcpy",
            "strcat",
            "strncat",
            "__memcpy_chk",
            "__memmove_chk",
            "__memset_chk",
            "__strcpy_chk",
            "__strcat_chk",
            "strerror_r",
            "__xpg_strerror_r",
            "__xpg_basename",
            "__errno_location",
            "strtol",
            "strtoul",
            "strtoll",
            "strtoull",
            "strtod",
            "strtof",
            "atoi",
            "atol",
            "abs",
            "labs",
            "tolower",
            "toupper",
            "isalpha",
            "isdigit",
            "isspace",
            "htonl",
            "htons",
            "ntohl",
            "ntohs",
        ],
    ),
    row(
        Class::Harmless,
        "computes with numbers",
        &[
            "sin",
            "cos",
            "tan",
            "asin",
            "acos",
            "atan",
            "atan2",
            "sinh",
            "cosh",
            "tanh",
            "asinh",
            "acosh",
            "atanh",
            "exp",
            "exp2",
            "exp10",
            "expm1",
            "log",
            "log2",
            "log10",
            "log1p",
            "pow",
            "sqrt",
            "cbrt",
            "hypot",
            "floor",
            "ceil",
            "round",
            "roundeven",
            "trunc",
            "rint",
            "nearbyint",
            "fma",
            "fmod",
            "remainder",
            "remquo",
            "fmin",
            "fmax",
            "fdim",
            "copysign",
            "ldexp",
            "scalbn",
            "frexp",
            "modf",
            "tgamma",
            "lgamma",
            "lgamma_r",
            "erf",
            "erfc",
            "nextafter",
            "ilogb",
            "logb",
            "sinf",
            "cosf",
            "tanf",
            "asinf",
            "acosf",
            "atanf",
            "atan2f",
            "sinhf",
            "coshf",
            "tanhf",
            "asinhf",
            "acoshf",
            "atanhf",
            "expf",
            "exp2f",
            "exp10f",
            "expm1f",
            "logf",
            "log2f",
            "log10f",
            "log1pf",
            "powf",
            "sqrtf",
            "cbrtf",
            "hypotf",
            "floorf",
            "ceilf",
            "roundf",
            "roundevenf",
            "truncf",
            "rintf",
            "nearbyintf",
            "fmaf",
            "fmodf",
            "remainderf",
            "fminf",
            "fmaxf",
            "fdimf",
            "copysignf",
            "ldexpf",
            "frexpf",
            "modff",
            "tgammaf",
            "lgammaf_r",
            "erff",
            "erfcf",
            "nextafterf",
            "sincos",
            "sincosf",
        ],
    ),
    row(
        Class::Harmless,
        "asks the clock or the scheduler",
        &[
            "clock",
            "clock_gettime",
            "clock_getres",
            "gettimeofday",
            "time",
            "nanosleep",
            "clock_nanosleep",
            "usleep",
            "sleep",
            "times",
            "sched_yield",
            "sched_getaffinity",
            "sched_setaffinity",
            "sched_getcpu",
            "__sched_cpucount",
        ],
    ),
    row(
        Class::Harmless,
        "a system call with a thin wrapper",
        &[
            "syscall",
            "gettid",
            "getpid",
            "getppid",
            "getuid",
            "geteuid",
            "getgid",
            "getegid",
            "setuid",
            "setgid",
            "setsid",
            "setpgid",
            "getpgid",
            "gethostname",
            "uname",
            "sysconf",
            "getpagesize",
            "getauxval",
            "getrandom",
            "getentropy",
            "getrusage",
            "getrlimit",
            "getrlimit64",
            "setrlimit",
            "setrlimit64",
            "prctl",
            "read",
            "write",
            "pread",
            "pread64",
            "pwrite",
            "pwrite64",
            "readv",
            "writev",
            "preadv",
            "preadv2",
            "pwritev",
            "pwritev2",
            "preadv64",
            "pwritev64",
            "open",
            "open64",
            "openat",
            "openat64",
            "creat",
            "close",
            "lseek",
            "lseek64",
            "fsync",
            "fdatasync",
            "sync",
            "sync_file_range",
            "truncate",
            "truncate64",
            "ftruncate",
            "ftruncate64",
            "fallocate",
            "fallocate64",
            "fstat",
            "fstat64",
            "stat",
            "stat64",
            "lstat",
            "lstat64",
            "fstatat",
            "fstatat64",
            "statx",
            "statfs",
            "statfs64",
            "fstatfs",
            "fstatfs64",
            "access",
            "faccessat",
            "readlink",
            "readlinkat",
            "mkdir",
            "mkdirat",
            "rmdir",
            "unlink",
            "unlinkat",
            "rename",
            "renameat",
            "renameat2",
            "link",
            "linkat",
            "symlink",
            "symlinkat",
            "chmod",
            "fchmod",
            "fchmodat",
            "chown",
            "fchown",
            "lchown",
            "fchownat",
            "chdir",
            "fchdir",
            "chroot",
            "umask",
            "utimensat",
            "futimens",
            "dup",
            "dup2",
            "dup3",
            "fcntl",
            "fcntl64",
            "ioctl",
            "isatty",
            "poll",
            "ppoll",
            "select",
            "pselect",
            "epoll_create",
            "epoll_create1",
            "epoll_ctl",
            "epoll_wait",
            "epoll_pwait",
            "eventfd",
            "eventfd_read",
            "eventfd_write",
            "timerfd_create",
            "timerfd_settime",
            "signalfd",
            "inotify_init1",
            "inotify_add_watch",
            "inotify_rm_watch",
            "pipe",
            "pipe2",
            "kill",
            "raise",
            "tgkill",
            "waitpid",
            "waitid",
            "wait4",
            "mprotect",
            "madvise",
            "msync",
            "mlock",
            "munlock",
            "mincore",
            "posix_madvise",
            "posix_fadvise",
            "posix_fadvise64",
            "copy_file_range",
            "sendfile",
            "sendfile64",
            "splice",
            "tee",
            "flock",
            "memfd_create",
            "getdents64",
            "socket",
            "bind",
            "listen",
            "accept",
            "accept4",
            "connect",
            "send",
            "sendto",
            "sendmsg",
            "sendmmsg",
            "recv",
            "recvfrom",
            "recvmsg",
            "recvmmsg",
            "shutdown",
            "getsockopt",
            "setsockopt",
            "getsockname",
            "getpeername",
            "socketpair",
        ],
    ),
    row(
        Class::Harmless,
        "works on the lock, signal set or thread it is given",
        &[
            "pthread_self",
            "pthread_equal",
            "pthread_mutex_init",
            "pthread_mutex_destroy",
            "pthread_mutex_lock",
            "pthread_mutex_trylock",
            "pthread_mutex_unlock",
            "pthread_mutexattr_init",
            "pthread_mutexattr_settype",
            "pthread_mutexattr_destroy",
            "pthread_cond_init",
            "pthread_cond_destroy",
            "pthread_cond_wait",
            "pthread_cond_timedwait",
            "pthread_cond_signal",
            "pthread_cond_broadcast",
            "pthread_condattr_init",
            "pthread_condattr_setclock",
            "pthread_condattr_destroy",
            "pthread_rwlock_rdlock",
            "pthread_rwlock_wrlock",
            "pthread_rwlock_tryrdlock",
            "pthread_rwlock_trywrlock",
            "pthread_rwlock_unlock",
            "pthread_getspecific",
            "pthread_key_create",
            "pthread_key_delete",
            "pthread_setname_np",
            "pthread_getname_np",
            "pthread_detach",
            "pthread_attr_init",
            "pthread_attr_setstacksize",
            "pthread_attr_getstack",
            "pthread_attr_getguardsize",
            "pthread_sigmask",
            "pthread_kill",
            "pthread_getaffinity_np",
            "sem_init",
            "sem_wait",
            "sem_trywait",
            "sem_post",
            "sem_destroy",
            "sigaction",
            "sigaltstack",
            "sigemptyset",
            "sigfillset",
            "sigaddset",
            "sigdelset",
            "sigismember",
            "sigprocmask",
            "signal",
            "getenv",
            "gnu_get_libc_version",
        ],
    ),
    row(
        Class::Harmless,
        "asks about or moves the frame that is being unwound",
        &[
            "_Unwind_GetIP",
            "_Unwind_GetIPInfo",
            "_Unwind_GetLanguageSpecificData",
            "_Unwind_GetRegionStart",
            "_Unwind_SetGR",
            "_Unwind_SetIP",
            "_Unwind_GetTextRelBase",
            "_Unwind_GetDataRelBase",
            "_Unwind_GetCFA",
            "_Unwind_GetGR",
        ],
    ),
];

/// Rust's own entry points to the allocator, by the last part of their path.
const RUST_ENTRIES: &[(&str, Class)] = &[
    ("__rust_alloc", Class::Allocates),
    ("__rust_alloc_zeroed", Class::Allocates),
    ("__rust_realloc", Class::Reallocates),
    ("__rust_dealloc", Class::Frees),
    ("__rdl_alloc", Class::Allocates),
    ("__rdl_alloc_zeroed", Class::Allocates),
    ("__rdl_realloc", Class::Reallocates),
    ("__rdl_dealloc", Class::Frees),
    ("__rg_alloc", Class::Allocates),
    ("__rg_alloc_zeroed", Class::Allocates),
    ("__rg_realloc", Class::Reallocates),
    ("__rg_dealloc", Class::Frees),
];

/// Methods of `GlobalAlloc`; `no_heap::Allocator` keeps them out of line.
const METHODS: &[(&str, Class)] = &[
    ("alloc", Class::Allocates),
    ("alloc_zeroed", Class::Allocates),
    ("realloc", Class::Reallocates),
    ("dealloc", Class::Frees),
];

/// C functions with a body in the image that are believed to end the program by their name alone.
const ENDINGS: &[&str] = &[
    "abort",
    "exit",
    "_exit",
    "_Exit",
    "_Unwind_Resume",
    "_Unwind_RaiseException",
    "_Unwind_Resume_or_Rethrow",
];

/// The class of a function of another shared object; `None` when it is in no row.
pub(crate) fn import(name: &str) -> Option<Class> {
    TABLE.iter().find(|row| row.names.contains(&name)).map(|row| row.class)
}

/// The class of a function with a body, by one of its symbols. Harmless names are not believed, few endings are.
pub(crate) fn body(symbol: &str) -> Option<Class> {
    if symbol.starts_with("_ZN") || symbol.starts_with("_R") {
        return rust_body(symbol);
    }
    let is_believed = |class: &Class| match class {
        Class::Harmless => false,
        Class::NeverReturns => ENDINGS.contains(&symbol),
        _ => true,
    };
    entry(symbol).or_else(|| import(symbol).filter(is_believed))
}

/// Whether a symbol is a compiler's thunk that jumps through a register by `ret`, so that its body looks harmless.
pub(crate) fn is_indirect_thunk(symbol: &str) -> bool {
    let prefixes = ["__llvm_retpoline_", "__x86_indirect_thunk", "__llvm_lvi_thunk", "__x86_return_thunk"];
    prefixes.iter().any(|prefix| symbol.starts_with(prefix))
}

fn rust_body(symbol: &str) -> Option<Class> {
    let is_candidate = ["__rust_", "__rdl_", "__rg_", "no_heap"].iter().any(|part| symbol.contains(part));
    if !is_candidate {
        return None;
    }
    let path = demangle(symbol);
    if let Some(tail) = path.strip_prefix("__rustc::") {
        return entry(tail);
    }
    let is_own = path.starts_with("<no_heap::") && path.contains(" as core::alloc::global::GlobalAlloc>::");
    let method = path.rsplit("::").next().filter(|_| is_own)?;
    METHODS.iter().find(|known| known.0 == method).map(|known| known.1)
}

fn entry(name: &str) -> Option<Class> {
    RUST_ENTRIES.iter().find(|known| known.0 == name).map(|known| known.1)
}

/// Whether a symbol is the shim that stands between `alloc` and the global allocator, which proves nothing.
pub(crate) fn is_shim(symbol: &str) -> bool {
    let path = demangle(symbol);
    let name = path.strip_prefix("__rustc::").unwrap_or(&path);
    name.starts_with("__rust_") || name.starts_with("__rg_")
}

/// Whether a symbol is `__rust_alloc` itself.
pub(crate) fn is_rust_alloc(symbol: &str) -> bool {
    symbol.contains("__rust_alloc") && demangle(symbol).trim_start_matches("__rustc::") == "__rust_alloc"
}

/// Classes of everything that can be called, by index; `None` is "not known by name".
#[derive(Default)]
pub(crate) struct Classes {
    pub(crate) functions: Vec<Option<Class>>,
    pub(crate) imports: Vec<Option<Class>>,
}

impl Classes {
    pub(crate) fn of(image: &Image<'_>) -> Self {
        let class = |function| image.names(function).iter().find_map(|name| body(name));
        Self {
            functions: image.functions.iter().map(class).collect(),
            imports: image.imports.iter().map(|name| import(name)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Class, TABLE, body, import, is_rust_alloc};

    #[test]
    fn every_row_has_a_reason_and_no_name_stands_twice() {
        let mut names: Vec<&str> = TABLE.iter().flat_map(|row| row.names).copied().collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(TABLE.iter().all(|row| !row.reason.is_empty()));
    }

    #[test]
    fn allocators_are_known_by_every_mangling() {
        let check = |symbol, class| assert_eq!(body(symbol), class, "{symbol}");
        check("_RNvCsgGR9yzm7JLW_7___rustc12___rust_alloc", Some(Class::Allocates));
        check("_RNvCsgGR9yzm7JLW_7___rustc14___rust_dealloc", Some(Class::Frees));
        check("__rust_realloc", Some(Class::Reallocates));
        check("_RNvCsgGR9yzm7JLW_7___rustc35___rust_no_alloc_shim_is_unstable_v2", None);
        let legacy = "_ZN91_$LT$no_heap..allocator..Allocator$LT$A$GT$$u20$as$u20$core..alloc..global..GlobalAlloc$GT$7realloc17h0123456789abcdefE";
        check(legacy, Some(Class::Reallocates));
        check("_ZN4user12my__rust_alloc17h0123456789abcdefE", None);
        check("memcpy", None);
        check("errx", None);
        check("abort", Some(Class::NeverReturns));
        check("_rjem_mallocx", Some(Class::Allocates));
        assert!(is_rust_alloc("_RNvCsgGR9yzm7JLW_7___rustc12___rust_alloc"));
    }

    #[test]
    fn an_import_in_no_row_has_no_class() {
        assert_eq!(import("bsearch"), None);
        assert_eq!(import("memcpy"), Some(Class::Harmless));
    }
}
