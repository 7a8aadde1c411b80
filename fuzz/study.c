/* What an enemy sends to a study: the first byte chooses the request, the rest is its body, and the
 * text of a range. Nothing is stored that is not an answer of this person. */
#include "serve/study.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static nd__study study;
static nd__study_person person;
static char folder[] = "/tmp/needledrop-fuzz-study-XXXXXX";

static void forget(void)
{
    char command[64];
    nd__study_deinit(&study);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    if (system(command)) perror(folder);
}

/* Three videos of two versions, one person. */
static void prepare(void)
{
    nd_diag diag = {0};
    const nd__study_guest guest = {"", "", 0};
    ND_ASSERT(mkdtemp(folder) && !nd__study_open(&study, folder, true, &diag));
    atexit(forget);
    for (int64_t v = 1; v <= 3; v++) {
        char path[16], file[16];
        snprintf(path, sizeof path, "%lld", (long long)v);
        nd_db_run(study.db, NULL, "INSERT INTO videos VALUES (?, ?, 0, -16, 2)", "it", v, path);
        for (int i = 0; i < 2; i++) {
            snprintf(file, sizeof file, "%lld-%d", (long long)v, i);
            nd_db_run(study.db, NULL,
                      "INSERT INTO versions (video, file, systems) VALUES (?, ?, ?)", "iti", v,
                      file, (int64_t)(1 << i));
        }
    }
    ND_ASSERT(!nd__study_enter(&person, &study, &guest, 0, 0, &diag));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const methods[] = {"GET", "POST"};
    static const char *const names[] = {"state", "begin", "answer", "other"};
    if (!study.db) prepare();
    if (!n) return 0;
    char text[256];
    int64_t first = 0, count = 0;
    nd__study_reply reply;
    const nd__study_guest guest = {data[0] & 8 ? person.token : "", data[0] & 16 ? "?" : "",
                                   data[0]};
    nd__study_request(&reply, &study, methods[data[0] & 1], names[data[0] >> 1 & 3], &guest,
                      data + 1, n - 1);
    ND_ASSERT(reply.body && reply.status >= 200 && reply.status < 500);
    free(reply.body);
    nd_text_clean(text, sizeof text, (const char *)data + 1, n - 1);
    if (nd__study_range(&first, &count, text, 1000) > 0)
        ND_ASSERT(first >= 0 && count > 0 && first + count <= 1000);
    return 0;
}
