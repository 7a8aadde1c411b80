/* Feature caches that were cut short, damaged, or met a full disk. */
#include <signal.h>
#include <sys/resource.h>

#include "../compute/failing_malloc.h"
#include "cache_fixture.h"

static nd_bytes read_file(const char *dir, const char *name)
{
    nd_bytes b = {0};
    if (nd_file_read(&b, path_in(dir, name), (size_t)1 << 30, NULL)) printf("FAIL read\n");
    return b;
}

static void write_file(const char *dir, const char *name, const void *bytes, size_t n)
{
    mkdir(path_in(dir, ""), 0755);
    if (nd_file_write(path_in(dir, name), bytes, n, NULL)) printf("FAIL write\n");
}

/* Killed at every byte of the last entry: the rest stands, and the work goes on. */
static void check_torn_index(void)
{
    nd_cache_writer *w = open_writer("whole");
    put(w, "a", 1, 1);
    nd_cache_writer_close(&w);
    nd_bytes before = read_file("whole", ND_CACHE_INDEX_NAME);
    w = open_writer("whole");
    put(w, "b", 1, 2);
    nd_cache_writer_close(&w);
    nd_bytes index = read_file("whole", ND_CACHE_INDEX_NAME);
    nd_bytes data = read_file("whole", ND_CACHE_DATA_NAME);
    int n_bad = 0;
    for (size_t n = before.n; n < index.n; n += 7) {
        write_file("torn", ND_CACHE_INDEX_NAME, index.data, n);
        write_file("torn", ND_CACHE_DATA_NAME, data.data, data.n);
        nd_cache *c = open_reader("torn");
        n_bad += !c || nd_cache_count(c) != 1 || !has(c, "a", 1, 1);
        nd_cache_close(&c);
        w = open_writer("torn");
        n_bad += !w || put(w, "b", 1, 2);
        nd_cache_writer_close(&w);
        nd_bytes again = read_file("torn", ND_CACHE_INDEX_NAME);
        n_bad += again.n != index.n || memcmp(again.data, index.data, index.n);
        nd_bytes_deinit(&again);
        again = read_file("torn", ND_CACHE_DATA_NAME);
        n_bad += again.n != data.n || memcmp(again.data, data.data, data.n);
        nd_bytes_deinit(&again);
    }
    CHECK("torn_index", n_bad == 0, "%d", n_bad);
    /* the machine went down: zeros where the entry should be */
    memset(index.data + before.n, 0, index.n - before.n);
    write_file("torn", ND_CACHE_INDEX_NAME, index.data, index.n);
    nd_cache *c = open_reader("torn");
    CHECK("zeros_at_the_end", c && nd_cache_count(c) == 1 && has(c, "a", 1, 1), "lost");
    nd_cache_close(&c);
    nd_bytes_deinit(&before);
    nd_bytes_deinit(&index);
    nd_bytes_deinit(&data);
}

/* Killed while data were written: no entry names them, and they are cut off. */
static void check_torn_data(void)
{
    nd_bytes index = read_file("whole", ND_CACHE_INDEX_NAME);
    nd_bytes data = read_file("whole", ND_CACHE_DATA_NAME);
    size_t n = data.n;
    for (int i = 0; i < 1000; i++) nd_bytes_append(&data, "half a record", 13);
    write_file("torn", ND_CACHE_INDEX_NAME, index.data, index.n);
    write_file("torn", ND_CACHE_DATA_NAME, data.data, data.n);
    nd_cache_writer *w = open_writer("torn");
    nd_cache_writer_close(&w);
    nd_bytes again = read_file("torn", ND_CACHE_DATA_NAME);
    CHECK("torn_data_cut", again.n == n, "%zu of %zu", again.n, n);
    nd_bytes_deinit(&again);
    /* killed while the two files were made */
    for (size_t k = 0; k < 64; k += 21) {
        write_file("torn", ND_CACHE_INDEX_NAME, index.data, k);
        write_file("torn", ND_CACHE_DATA_NAME, data.data, 64 - k);
        w = open_writer("torn");
        CHECK("torn_heads", w && !put(w, "a", 1, 1), "refused at %zu", k);
        nd_cache_writer_close(&w);
    }
    nd_diag diag = {0};
    write_file("torn", ND_CACHE_INDEX_NAME, "", 0);
    CHECK("data_without_index",
          nd_cache_writer_open(&w, path_in("torn", ""), &diag) == ND_EFORMAT && !w, "%s",
          diag.text);
    nd_bytes_deinit(&index);
    nd_bytes_deinit(&data);
}

/* A copy that was cut short: readers refuse it, extract makes again what is missing. */
static void check_short_data(void)
{
    nd_bytes index = read_file("whole", ND_CACHE_INDEX_NAME);
    nd_bytes data = read_file("whole", ND_CACHE_DATA_NAME);
    nd_cache *c = NULL;
    nd_diag diag = {0};
    write_file("short", ND_CACHE_INDEX_NAME, index.data, index.n);
    write_file("short", ND_CACHE_DATA_NAME, data.data, data.n - 100);
    CHECK("short_data_refused",
          nd_cache_open(&c, path_in("short", ""), &diag) == ND_EFORMAT && !c &&
              strstr(diag.text, "features of b"),
          "%s", diag.text);
    nd_cache_writer *w = open_writer("short");
    const nd_cache *known = nd_cache_writer_known(w);
    const nd_cache_item *f = nd_cache_find_failure(known, "b", ND_MUSIC);
    CHECK("short_data_known", nd_cache_count(known) == 1 && f && !f->source.hash, "%d",
          nd_cache_count(known));
    put(w, "b", 1, 2);
    nd_cache_writer_close(&w);
    c = open_reader("short");
    CHECK("short_data_made_again", c && has(c, "a", 1, 1) && has(c, "b", 1, 2), "not");
    CHECK("short_data_verified", c && nd_cache_verify(c, NULL, NULL) == 0, "not");
    nd_cache_close(&c);
    nd_bytes_deinit(&index);
    nd_bytes_deinit(&data);
}

/* Every byte of the index turned: refused, or what is read is what was written. */
static void check_damaged_index(void)
{
    nd_bytes index = read_file("whole", ND_CACHE_INDEX_NAME);
    nd_bytes data = read_file("whole", ND_CACHE_DATA_NAME);
    int n_wrong = 0, n_refused = 0;
    for (size_t i = 0; i < index.n; i++) {
        index.data[i] ^= 0x41;
        nd_cache *c = NULL;
        nd_diag diag = {0};
        int rc = nd__cache_open_bytes(&c, index.data, index.n, data.data, data.n, &diag);
        n_refused += rc != 0;
        n_wrong += rc && (!diag.text[0] || (rc != ND_EFORMAT && rc != ND_EVERSION));
        if (!rc) n_wrong += !has(c, "a", 1, 1);
        nd_cache_close(&c);
        index.data[i] ^= 0x41;
    }
    CHECK("turned_bytes", n_wrong == 0 && n_refused > 500, "%d wrong, %d refused", n_wrong,
          n_refused);
    nd_cache *c = NULL;
    nd_diag diag = {0};
    write_file("damaged", ND_CACHE_DATA_NAME, data.data, data.n);
    index.data[100] ^= 1; /* in the first of two entries: nothing is cut off */
    write_file("damaged", ND_CACHE_INDEX_NAME, index.data, index.n);
    nd_cache_writer *w = NULL;
    CHECK("damage_is_told",
          nd_cache_writer_open(&w, path_in("damaged", ""), &diag) == ND_EFORMAT && !w &&
              strstr(diag.text, "damaged at byte 64"),
          "%s", diag.text);
    nd_bytes again = read_file("damaged", ND_CACHE_INDEX_NAME);
    CHECK("damage_is_left", again.n == index.n, "%zu", again.n);
    nd_bytes_deinit(&again);
    CHECK("not_a_cache",
          nd__cache_open_bytes(&c, data.data, data.n, data.data, data.n, &diag) == ND_EFORMAT && !c,
          "%s", diag.text);
    nd_bytes_deinit(&index);
    nd_bytes_deinit(&data);
}

static void check_versions(void)
{
    nd_bytes index = read_file("whole", ND_CACHE_INDEX_NAME);
    nd_bytes data = read_file("whole", ND_CACHE_DATA_NAME);
    nd_cache_file_head head;
    nd_cache *c = NULL;
    nd_diag diag = {0};
    nd__cache_head_make(&head, ND_CACHE_INDEX_MAGIC);
    head.version = 9;
    head.checksum = nd__cache_checksum(&head, offsetof(nd_cache_file_head, checksum));
    memcpy(index.data, &head, sizeof head);
    CHECK("newer_version",
          nd__cache_open_bytes(&c, index.data, index.n, data.data, data.n, &diag) == ND_EVERSION &&
              strstr(diag.text, "found 9"),
          "%s", diag.text);
    nd_bytes_deinit(&index);
    nd_bytes_deinit(&data);
}

static void check_damaged_data(void)
{
    nd_bytes index = read_file("whole", ND_CACHE_INDEX_NAME);
    nd_bytes data = read_file("whole", ND_CACHE_DATA_NAME);
    data.data[data.n - 3] ^= 1;
    nd_cache *c = NULL;
    nd_diag diag = {0};
    nd__cache_open_bytes(&c, index.data, index.n, data.data, data.n, &diag);
    CHECK("damaged_data",
          c && nd_cache_verify(c, NULL, &diag) == ND_EFORMAT && strstr(diag.text, "of b"), "%s",
          diag.text);
    nd_cache_close(&c);
    nd_bytes_deinit(&index);
    nd_bytes_deinit(&data);
}

/* A disk that is full in the middle of a record: what is there stays, and more can come. */
static void check_full(void)
{
    signal(SIGXFSZ, SIG_IGN);
    nd_cache_writer *w = open_writer("full");
    put(w, "a", 1, 1);
    struct stat info;
    stat(path_in("full", ND_CACHE_DATA_NAME), &info);
    struct rlimit was, now;
    getrlimit(RLIMIT_FSIZE, &was);
    now = was;
    now.rlim_cur = (rlim_t)info.st_size + 5000;
    setrlimit(RLIMIT_FSIZE, &now);
    int rc = put(w, "b", 1, 2);
    setrlimit(RLIMIT_FSIZE, &was);
    CHECK("full_is_told", rc == ND_EIO || rc == ND_EFULL, "%d", rc);
    nd_cache *c = open_reader("full");
    CHECK("full_keeps", c && nd_cache_count(c) == 1 && has(c, "a", 1, 1), "lost");
    nd_cache_close(&c);
    struct stat after;
    stat(path_in("full", ND_CACHE_DATA_NAME), &after);
    CHECK("full_gives_back", after.st_size == info.st_size, "%lld", (long long)after.st_size);
    CHECK("full_goes_on", put(w, "b", 1, 2) == 0, "failed");
    nd_cache_writer_close(&w);
    c = open_reader("full");
    CHECK("full_all_there", c && has(c, "a", 1, 1) && has(c, "b", 1, 2), "lost");
    nd_cache_close(&c);
}

/* ---- no memory -------------------------------------------------------------------- */

static int open_job(void *user)
{
    nd_cache *c = NULL;
    int rc = nd_cache_open(&c, user, NULL);
    nd_cache_close(&c);
    return rc;
}

static int write_job(void *user)
{
    nd_cache_writer *w = NULL;
    nd_cache_record r = {0};
    nd_cache_source source = source_of("b", 2);
    int rc = nd_cache_writer_open(&w, path_in("memory", ""), NULL);
    if (!rc) rc = nd_cache_encode(&r, user, false, NULL);
    if (!rc) rc = nd_cache_writer_settings(w, ND_MUSIC, "a 1\n", NULL);
    if (!rc) rc = nd_cache_writer_put(w, &source, &r, NULL);
    nd_cache_record_deinit(&r);
    nd_cache_writer_close(&w);
    return rc;
}

static void check_memory(void)
{
    nd_description *d = make_description(1, 2);
    char dir[512];
    snprintf(dir, sizeof dir, "%s", path_in("whole", ""));
    check_malloc_failures("no_memory_to_open", open_job, dir);
    check_malloc_failures("no_memory_to_write", write_job, d);
    nd_cache_writer *w = open_writer("memory");
    CHECK("no_memory_leaves_it_sound", w && has(nd_cache_writer_known(w), "b", 1, 2), "not");
    nd_cache_writer_close(&w);
    nd_description_destroy(&d);
}

int main(void)
{
    if (!make_root()) return 1;
    check_torn_index();
    check_torn_data();
    check_short_data();
    check_damaged_index();
    check_versions();
    check_damaged_data();
    check_full();
    check_memory();
    TEST_END();
}
