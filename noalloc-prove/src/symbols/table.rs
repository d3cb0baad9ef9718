//! The names themselves: what each C function does, and how that is known.
//!
//! To add one: find out what it does in the C library's source, then put it into the row whose reason is true of
//! it. A function that calls back what it is given (`qsort`, `bsearch`) is never harmless.
//!
//! What a row says is true of another library's function. Of one with a body in the image only the allocators' own
//! entries are taken at their name; see `bodies`.

use super::Class;

/// Some names, what they do, and how that is known.
pub(super) struct Row {
    pub(super) class: Class,
    #[cfg_attr(not(test), expect(dead_code, reason = "for readers; a test asks that it is there"))]
    pub(super) reason: &'static str,
    /// Entries of an allocator: sinks also where the binary brings them along.
    pub(super) is_allocator: bool,
    /// Separated by spaces.
    names: &'static str,
}

impl Row {
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.names.split_ascii_whitespace()
    }
}

const fn row(class: Class, reason: &'static str, names: &'static str) -> Row {
    Row { class, reason, is_allocator: false, names }
}

const fn allocator(class: Class, reason: &'static str, names: &'static str) -> Row {
    Row { is_allocator: true, ..row(class, reason, names) }
}

/// Functions of C and of known allocators, by their exact symbol.
pub(super) const TABLE: &[Row] = &[
    allocator(
        Class::Allocates,
        "the C library's allocator",
        "malloc calloc posix_memalign aligned_alloc memalign valloc pvalloc __libc_malloc __libc_calloc \
         __libc_memalign",
    ),
    allocator(Class::Reallocates, "the C library's allocator", "realloc reallocarray __libc_realloc"),
    allocator(Class::Frees, "the C library's allocator", "free cfree __libc_free"),
    allocator(
        Class::Allocates,
        "an allocator linked in: mimalloc",
        "mi_malloc mi_malloc_aligned mi_malloc_small mi_zalloc mi_zalloc_aligned mi_zalloc_small \
         mi_calloc mi_heap_malloc mi_heap_malloc_aligned",
    ),
    allocator(Class::Reallocates, "an allocator linked in: mimalloc", "mi_realloc mi_realloc_aligned"),
    allocator(Class::Frees, "an allocator linked in: mimalloc", "mi_free mi_free_size mi_free_size_aligned"),
    allocator(
        Class::Allocates,
        "an allocator linked in: jemalloc",
        "_rjem_malloc _rjem_mallocx _rjem_calloc _rjem_aligned_alloc _rjem_posix_memalign mallocx",
    ),
    allocator(
        Class::Reallocates,
        "an allocator linked in: jemalloc",
        "_rjem_realloc _rjem_rallocx _rjem_xallocx rallocx xallocx",
    ),
    allocator(
        Class::Frees,
        "an allocator linked in: jemalloc",
        "_rjem_free _rjem_sdallocx _rjem_dallocx sdallocx dallocx",
    ),
    row(
        Class::Allocates,
        "returns memory that the C library allocated",
        "strdup strndup __strdup asprintf vasprintf getline getdelim fopen fopen64 fdopen opendir \
         fdopendir getaddrinfo realpath scandir glob regcomp iconv_open popen getcwd open_memstream \
         setlocale newlocale backtrace_symbols",
    ),
    row(
        Class::Allocates,
        "allocates inside the C library: a list entry, a buffer, a cache",
        "__cxa_thread_atexit_impl __cxa_atexit atexit on_exit pthread_setspecific pthread_create \
         pthread_getattr_np pthread_attr_setaffinity_np setenv putenv unsetenv tzset localtime \
         localtime_r mktime dlopen dlsym dlerror qsort setvbuf getpwuid_r getgrgid_r getpwnam_r \
         getgrnam_r initgroups getgrouplist posix_spawn posix_spawnp posix_spawn_file_actions_init \
         posix_spawn_file_actions_adddup2 posix_spawn_file_actions_addchdir_np execvp printf fprintf \
         vfprintf puts fputs fwrite fputc putchar fflush fread fgets",
    ),
    row(
        Class::Allocates,
        "thread-local storage of a shared object is allocated at its first use",
        "__tls_get_addr",
    ),
    allocator(Class::Allocates, "maps fresh pages", "mmap mmap64 mremap brk sbrk"),
    row(
        Class::Frees,
        "gives back what the C library allocated",
        "freeaddrinfo closedir fclose pclose regfree globfree iconv_close dlclose \
         posix_spawn_file_actions_destroy freelocale",
    ),
    row(Class::Frees, "gives pages back", "munmap"),
    row(
        Class::NeverReturns,
        "unwinds or ends the program",
        "abort exit _exit _Exit quick_exit _Unwind_Resume __assert_fail __stack_chk_fail __fortify_fail \
         __chk_fail longjmp siglongjmp __longjmp_chk pthread_exit err errx",
    ),
    row(
        Class::Harmless,
        "reads and writes the memory it is given",
        "memcpy memmove memset memcmp bcmp memchr memrchr rawmemchr memmem memccpy mempcpy bzero \
         explicit_bzero strlen strnlen strcmp strncmp strcasecmp strncasecmp strchr strchrnul strrchr \
         strstr strspn strcspn strpbrk strcpy strncpy stpcpy strcat strncat __memcpy_chk __memmove_chk \
         __memset_chk __strcpy_chk __strcat_chk strerror_r __xpg_strerror_r __xpg_basename \
         __errno_location strtol strtoul strtoll strtoull strtod strtof atoi atol abs labs tolower \
         toupper isalpha isdigit isspace htonl htons ntohl ntohs",
    ),
    row(
        Class::Harmless,
        "computes with numbers",
        "sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh exp exp2 exp10 expm1 log log2 \
         log10 log1p pow sqrt cbrt hypot floor ceil round roundeven trunc rint nearbyint fma fmod \
         remainder remquo fmin fmax fdim copysign ldexp scalbn frexp modf tgamma lgamma lgamma_r erf erfc \
         nextafter ilogb logb sinf cosf tanf asinf acosf atanf atan2f sinhf coshf tanhf asinhf acoshf \
         atanhf expf exp2f exp10f expm1f logf log2f log10f log1pf powf sqrtf cbrtf hypotf floorf ceilf \
         roundf roundevenf truncf rintf nearbyintf fmaf fmodf remainderf fminf fmaxf fdimf copysignf \
         ldexpf frexpf modff tgammaf lgammaf_r erff erfcf nextafterf sincos sincosf",
    ),
    row(
        Class::Harmless,
        "computes with numbers wider or narrower than the processor's: the compiler's library, by some linkers taken \
         from the shared one",
        "__ashlti3 __ashrti3 __bswapdi2 __bswapsi2 __clrsbdi2 __clrsbti2 __clzdi2 __clzti2 __cmpti2 \
         __ctzdi2 __ctzti2 __divmodti4 __divti3 __ffsdi2 __ffsti2 __lshrti3 __modti3 __multi3 __negti2 \
         __paritydi2 __parityti2 __popcountdi2 __popcountti2 __ucmpti2 __udivmodti4 __udivti3 __umodti3 \
         __powidf2 __powisf2 __powitf2 __powixf2 __addtf3 __subtf3 __multf3 __divtf3 __negtf2 __eqtf2 \
         __netf2 __getf2 __gttf2 __letf2 __lttf2 __unordtf2 __eqhf2 __nehf2 __extenddftf2 __extendhfdf2 \
         __extendhfsf2 __extendhftf2 __extendhfxf2 __extendsfdf2 __extendsftf2 __extendxftf2 \
         __truncdfhf2 __truncdfsf2 __truncsfhf2 __trunctfdf2 __trunctfhf2 __trunctfsf2 __trunctfxf2 \
         __truncxfhf2 __fixdfti __fixhfti __fixsfti __fixtfdi __fixtfsi __fixtfti __fixxfti __fixunsdfdi \
         __fixunsdfti __fixunshfti __fixunssfdi __fixunssfti __fixunstfdi __fixunstfsi __fixunstfti \
         __fixunsxfdi __fixunsxfti __floatditf __floatsitf __floattidf __floattihf __floattisf \
         __floattitf __floattixf __floatunditf __floatunsitf __floatuntidf __floatuntihf __floatuntisf \
         __floatuntitf __floatuntixf",
    ),
    row(
        Class::Harmless,
        "asks the clock or the scheduler",
        "clock clock_gettime clock_getres gettimeofday time nanosleep clock_nanosleep usleep sleep times \
         sched_yield sched_getaffinity sched_setaffinity sched_getcpu __sched_cpucount",
    ),
    row(
        Class::Harmless,
        "a system call with a thin wrapper",
        "syscall gettid getpid getppid getuid geteuid getgid getegid setuid setgid setsid setpgid getpgid \
         gethostname uname sysconf getpagesize getauxval getrandom getentropy getrusage getrlimit \
         getrlimit64 setrlimit setrlimit64 prctl read write pread pread64 pwrite pwrite64 readv writev \
         preadv preadv2 pwritev pwritev2 preadv64 pwritev64 open open64 openat openat64 creat close lseek \
         lseek64 fsync fdatasync sync sync_file_range truncate truncate64 ftruncate ftruncate64 fallocate \
         fallocate64 fstat fstat64 stat stat64 lstat lstat64 fstatat fstatat64 statx statfs statfs64 \
         fstatfs fstatfs64 access faccessat readlink readlinkat mkdir mkdirat rmdir unlink unlinkat \
         rename renameat renameat2 link linkat symlink symlinkat chmod fchmod fchmodat chown fchown \
         lchown fchownat chdir fchdir chroot umask utimensat futimens dup dup2 dup3 fcntl fcntl64 ioctl \
         isatty poll ppoll select pselect epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait \
         eventfd eventfd_read eventfd_write timerfd_create timerfd_settime signalfd inotify_init1 \
         inotify_add_watch inotify_rm_watch pipe pipe2 kill raise tgkill waitpid waitid wait4 mprotect \
         madvise msync mlock munlock mincore posix_madvise posix_fadvise posix_fadvise64 copy_file_range \
         sendfile sendfile64 splice tee flock memfd_create getdents64 socket bind listen accept accept4 \
         connect send sendto sendmsg sendmmsg recv recvfrom recvmsg recvmmsg shutdown getsockopt \
         setsockopt getsockname getpeername socketpair",
    ),
    row(
        Class::Harmless,
        "works on the lock, signal set or thread it is given",
        "pthread_self pthread_equal pthread_mutex_init pthread_mutex_destroy pthread_mutex_lock \
         pthread_mutex_trylock pthread_mutex_unlock pthread_mutexattr_init pthread_mutexattr_settype \
         pthread_mutexattr_destroy pthread_cond_init pthread_cond_destroy pthread_cond_wait \
         pthread_cond_timedwait pthread_cond_signal pthread_cond_broadcast pthread_condattr_init \
         pthread_condattr_setclock pthread_condattr_destroy pthread_rwlock_rdlock pthread_rwlock_wrlock \
         pthread_rwlock_tryrdlock pthread_rwlock_trywrlock pthread_rwlock_unlock pthread_getspecific \
         pthread_key_create pthread_key_delete pthread_setname_np pthread_getname_np pthread_detach \
         pthread_attr_init pthread_attr_setstacksize pthread_attr_getstack pthread_attr_getguardsize \
         pthread_sigmask pthread_kill pthread_getaffinity_np sem_init sem_wait sem_trywait sem_post \
         sem_destroy sigaction sigaltstack sigemptyset sigfillset sigaddset sigdelset sigismember \
         sigprocmask signal getenv gnu_get_libc_version",
    ),
    row(
        Class::Harmless,
        "asks about or moves the frame that is being unwound",
        "_Unwind_GetIP _Unwind_GetIPInfo _Unwind_GetLanguageSpecificData _Unwind_GetRegionStart \
         _Unwind_SetGR _Unwind_SetIP _Unwind_GetTextRelBase _Unwind_GetDataRelBase _Unwind_GetCFA \
         _Unwind_GetGR",
    ),
];
