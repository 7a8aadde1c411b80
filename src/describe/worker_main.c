/* needledrop-worker: analyses one media file behind a sandbox.
 *
 *   needledrop-worker MEDIUM FEATURES START LENGTH MEMORY CPU NAME  3<media 4>result
 *
 * Reads descriptor 3, writes the description to descriptor 4. On failure: exit
 * status 1 and one line "CODE text" on stderr. Started by nd_describe_file; not
 * meant to be run by hand.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "describe/describe.h"

static int fail(int code, const nd_diag *diag)
{
    fprintf(stderr, "%s %s\n", nd_error_name(code), diag->text);
    return 1;
}

static int send_result(const nd_description *d, nd_diag *diag)
{
    nd_bytes bytes = {0};
    int rc = nd_description_write(&bytes, d);
    if (rc) nd_diag_set(diag, rc, "sending features: out of memory");
    for (size_t at = 0; at < bytes.n && !rc;) {
        ssize_t n = write(ND_WORKER_RESULT_FD, bytes.data + at, bytes.n - at);
        if (n < 0 && errno != EINTR) rc = nd_diag_errno(diag, "sending features", "");
        if (n > 0) at += (size_t)n;
    }
    nd_bytes_deinit(&bytes);
    return rc;
}

static int work(char **argv, nd_diag *diag)
{
    nd_sandbox_limits limits = {.memory_bytes = atoll(argv[5]), .cpu_s = atof(argv[6])};
    bool filtered;
    int rc = nd_sandbox_enter(&limits, &filtered, diag);
    if (rc) return rc;
    if (!filtered)
        fprintf(stderr, "warning: this kernel refuses the system-call filter; "
                        "media are decoded under resource limits alone\n");
    nd_media *m = NULL;
    nd_description *d = NULL;
    rc = nd_media_open(&m, ND_WORKER_MEDIA_FD, argv[7], diag);
    if (!rc)
        rc = nd_describe_media(&d, m, (nd_medium)atoi(argv[1]), argv[2], atof(argv[3]),
                               atof(argv[4]), diag);
    if (!rc) rc = send_result(d, diag);
    nd_description_destroy(&d);
    nd_media_close(&m);
    return rc;
}

int main(int argc, char **argv)
{
    nd_diag diag = {0};
    if (argc != 8)
        return fail(ND_EARG, &(nd_diag){.text = "needledrop-worker is started by needledrop; "
                                                "it is not meant to be run by hand"});
    int rc = work(argv, &diag);
    return rc ? fail(rc, &diag) : 0;
}
