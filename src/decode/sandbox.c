/* Giving up rights: resource limits, then a seccomp filter.
 *
 * What is left is reading and writing descriptors that are already open, memory, and
 * the clock. No file can be opened, no socket made, no process or thread started. A
 * call that is not on the list ends the process, but for a few that libraries make
 * only to learn something and can do without: those are told "no such call".
 */
#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "decode/decode.h"

#if defined(__has_feature)
#define HAS_FEATURE(x) __has_feature(x)
#else
#define HAS_FEATURE(x) 0
#endif
/* The sanitizers' runtimes map terabytes, look at themselves through /proc and start
 * helpers at exit: under them the memory limit and the filter are left out, the rest
 * stands. Release builds are what meets hostile files. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    HAS_FEATURE(address_sanitizer) || HAS_FEATURE(thread_sanitizer)
static const bool is_sanitizer_build = true;
#else
static const bool is_sanitizer_build = false;
#endif

static const int allowed[] = {
    SCMP_SYS(read),
    SCMP_SYS(pread64),
    SCMP_SYS(write),
    SCMP_SYS(lseek),
    SCMP_SYS(close),
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
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
    SCMP_SYS(tgkill),
};

/* Asked for out of curiosity; the libraries live with a no. */
static const int refused[] = {
    SCMP_SYS(open),    SCMP_SYS(openat), SCMP_SYS(access),    SCMP_SYS(readlink),
    SCMP_SYS(ioctl),   SCMP_SYS(stat),   SCMP_SYS(fcntl),     SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sysinfo), SCMP_SYS(uname),  SCMP_SYS(prlimit64), SCMP_SYS(getrusage),
    SCMP_SYS(prctl),
};

static bool add_rules(scmp_filter_ctx filter)
{
    for (size_t i = 0; i < ND_COUNT(allowed); i++)
        if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0)) return false;
    for (size_t i = 0; i < ND_COUNT(refused); i++)
        if (seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), refused[i], 0)) return false;
    /* Memory, but none that can be both written and run. */
    return !seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                             SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) &&
           !seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                             SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
}

static bool enter_filter(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    bool is_loaded = filter && add_rules(filter) && !seccomp_load(filter);
    if (filter) seccomp_release(filter);
    return is_loaded;
}

static int limit(int resource, const char *name, double most, nd_diag *diag)
{
    struct rlimit r = {(rlim_t)most, (rlim_t)most}, now;
    /* A limit can only be lowered; one that is lower already stays. */
    if (!getrlimit(resource, &now) && now.rlim_max < r.rlim_max)
        r.rlim_cur = r.rlim_max = now.rlim_max;
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
    int rc = limit(RLIMIT_CPU, "CPU seconds", ND_MIN(limits->cpu_s + 1, 1e9), diag);
    if (!rc && !is_sanitizer_build)
        rc = limit(RLIMIT_AS, "memory", (double)limits->memory_bytes, diag);
    if (!rc) rc = limit(RLIMIT_CORE, "core files", 0, diag);
    if (!rc) rc = limit(RLIMIT_FSIZE, "file size", 0, diag);
    if (!rc) rc = limit(RLIMIT_NOFILE, "descriptors", 16, diag);
    if (rc) return rc;
    *filter_out = is_sanitizer_build || enter_filter();
    return 0;
}
