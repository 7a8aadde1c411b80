/* Giving up rights: resource limits, then a seccomp filter.
 *
 * What is left is reading and writing descriptors that are already open, memory, and
 * the clock. No file can be opened, no socket made, no process or thread started. A
 * call that is not on the list ends the process, but for a few that libraries make
 * only to learn something and can do without: those are told "no such call".
 */
#include <errno.h>
#include <math.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "decode/decode.h"

/* The sanitizers' runtimes map terabytes and have calls of their own: under them the
 * memory limit is left out and the list is longer. The leak check at exit starts a
 * tracer, so a process behind the filter goes without. */
#if ND_IS_ASAN
static bool is_confined;
ND_API int __lsan_is_turned_off(void); /* found by the runtime by this name */
int __lsan_is_turned_off(void)
{
    return is_confined;
}
#define MARK_CONFINED() (is_confined = true)
#else
#define MARK_CONFINED() ((void)0)
#endif
static const bool is_sanitizer_build = ND_IS_ASAN || ND_IS_TSAN;

static const int allowed[] = {
    SCMP_SYS(read),
    SCMP_SYS(pread64),
    SCMP_SYS(write),
    SCMP_SYS(lseek),
    SCMP_SYS(close),
    SCMP_SYS(fstat),
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(getrandom),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(restart_syscall),
    /* abort() sends itself a signal */
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
};

static const int allowed_to_sanitizers[] = {
    SCMP_SYS(sigaltstack),     SCMP_SYS(sched_yield), SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep), SCMP_SYS(mincore),     SCMP_SYS(set_robust_list),
};

/* Asked for out of curiosity; the libraries live with a no. */
static const int refused[] = {
    SCMP_SYS(open),      SCMP_SYS(openat),     SCMP_SYS(access),      SCMP_SYS(readlink),
    SCMP_SYS(ioctl),     SCMP_SYS(stat),       SCMP_SYS(fcntl),       SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sysinfo),   SCMP_SYS(uname),      SCMP_SYS(prlimit64),   SCMP_SYS(getrusage),
    SCMP_SYS(prctl),     SCMP_SYS(lstat),      SCMP_SYS(newfstatat),  SCMP_SYS(statx),
    SCMP_SYS(faccessat), SCMP_SYS(readlinkat), SCMP_SYS(sigaltstack),
};

static bool add_list(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (seccomp_rule_add(filter, action, calls[i], 0)) return false;
    return true;
}

static bool add_rules(scmp_filter_ctx filter)
{
    size_t n_more = is_sanitizer_build ? ND_COUNT(allowed_to_sanitizers) : 0;
    return add_list(filter, SCMP_ACT_ALLOW, allowed, ND_COUNT(allowed)) &&
           add_list(filter, SCMP_ACT_ALLOW, allowed_to_sanitizers, n_more) &&
           add_list(filter, SCMP_ACT_ERRNO(EPERM), refused, ND_COUNT(refused)) &&
           /* Memory, but none that can be run; signals, but to ourselves alone. */
           !seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                             SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) &&
           !seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                             SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) &&
           !seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                             SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));
}

static bool enter_filter(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    /* TSYNC: threads that a library started while it was loaded are confined too. */
    bool is_loaded = filter && !seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) &&
                     add_rules(filter) && !seccomp_load(filter);
    if (filter) seccomp_release(filter);
    if (is_loaded) MARK_CONFINED();
    return is_loaded;
}

static int limit(int resource, const char *name, double most, nd_diag *diag)
{
    /* A CPU limit that is reached speaks (SIGXCPU) before it kills. */
    double grace = resource == RLIMIT_CPU ? 2 : 0;
    struct rlimit r = {(rlim_t)most, (rlim_t)(most + grace)}, now;
    /* A limit can only be lowered; one that is lower already stays. */
    if (!getrlimit(resource, &now)) {
        r.rlim_cur = ND_MIN(r.rlim_cur, now.rlim_max);
        r.rlim_max = ND_MIN(r.rlim_max, now.rlim_max);
    }
    if (!setrlimit(resource, &r)) return 0;
    return nd_diag_set(diag, ND_EIO, "entering the sandbox: limiting %s to %.0f: %s", name, most,
                       strerror(errno));
}

int nd_sandbox_enter(const nd_sandbox_limits *limits, bool *filter_out, nd_diag *diag)
{
    if (!limits || !filter_out || limits->memory_bytes < 1 || !(limits->cpu_s > 0))
        return nd_diag_set(diag, ND_EARG, "entering the sandbox: limits above 0 expected");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    int rc = limit(RLIMIT_CPU, "CPU seconds", ceil(ND_MIN(limits->cpu_s, 1e9)), diag);
    if (!rc && !is_sanitizer_build)
        rc = limit(RLIMIT_AS, "memory", (double)limits->memory_bytes, diag);
    if (!rc) rc = limit(RLIMIT_CORE, "core files", 0, diag);
    if (!rc) rc = limit(RLIMIT_FSIZE, "file size", 0, diag);
    if (!rc) rc = limit(RLIMIT_NOFILE, "descriptors", 16, diag);
    if (rc) return rc;
    *filter_out = enter_filter();
    return 0;
}
