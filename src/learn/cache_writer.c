/* Adding to a feature cache.
 *
 * Data first, synced, then one write of the entry that points to them: at every moment the index
 * speaks only of what is there. A write that fails is taken back by shortening the file to where it
 * was. The lock is flock(2) on the index, and goes with the process. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "learn/cache_format.h"

struct nd_cache_writer {
    int index_fd, data_fd; /* -1: not open */
    char *index_path, *data_path;
    int64_t index_n, data_n; /* where the next bytes go */
    nd_cache *known;
    nd_bytes entry; /* the one that is being made */
    char *settings[ND_VIDEO + 1];
};

static int no_memory(nd_diag *diag)
{
    return nd_diag_set(diag, ND_ENOMEM, "writing the feature cache: out of memory");
}

/* ---- files ------------------------------------------------------------------------ */

static bool write_at(int fd, const uint8_t *bytes, size_t n, int64_t at)
{
    while (n) {
        ssize_t written = pwrite(fd, bytes, n, at);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes += written;
        n -= (size_t)written;
        at += written;
    }
    return true;
}

/* Write at *end and move it; on failure the file is as it was, as far as it can be. */
static int append(int fd, const char *path, int64_t *end, const void *bytes, size_t n, bool syncs,
                  nd_diag *diag)
{
    if (write_at(fd, bytes, n, *end) && (!syncs || fdatasync(fd) == 0)) {
        *end += (int64_t)n;
        return 0;
    }
    int rc = nd_diag_errno(diag, "writing", path);
    /* What could not be cut off is a torn end, or data that no entry names. */
    if (ftruncate(fd, *end)) return rc;
    return rc;
}

static int open_file(int *fd_out, const char *path, nd_diag *diag)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0) return nd_diag_errno(diag, "opening", path);
    *fd_out = fd;
    return 0;
}

static int file_size(int64_t *out, int fd, const char *path, nd_diag *diag)
{
    struct stat info;
    if (fstat(fd, &info)) return nd_diag_errno(diag, "opening", path);
    if (!S_ISREG(info.st_mode))
        return nd_diag_set(diag, ND_EIO, "opening %s: a regular file expected", path);
    *out = info.st_size;
    return 0;
}

static int open_files(nd_cache_writer *w, const char *dir, nd_diag *diag)
{
    w->index_path = nd_path_join(dir, ND_CACHE_INDEX_NAME);
    w->data_path = nd_path_join(dir, ND_CACHE_DATA_NAME);
    if (!w->index_path || !w->data_path) return no_memory(diag);
    int rc = nd_folder_make(dir, diag);
    if (!rc) rc = open_file(&w->index_fd, w->index_path, diag);
    if (rc) return rc;
    if (flock(w->index_fd, LOCK_EX | LOCK_NB))
        return errno == EWOULDBLOCK
                   ? nd_diag_set(diag, ND_EBUSY,
                                 "opening the feature cache %s: another process is extracting "
                                 "into it",
                                 dir)
                   : nd_diag_errno(diag, "locking", w->index_path);
    rc = open_file(&w->data_fd, w->data_path, diag);
    if (!rc) rc = file_size(&w->index_n, w->index_fd, w->index_path, diag);
    if (!rc) rc = file_size(&w->data_n, w->data_fd, w->data_path, diag);
    return rc;
}

/* ---- entries ---------------------------------------------------------------------- */

static int add_bytes(nd_cache_writer *w, const void *bytes, size_t n)
{
    return n ? nd_bytes_append(&w->entry, bytes, n) : 0;
}

/* Complete the entry's head and append it to the index. */
static int append_entry(nd_cache_writer *w, nd_cache_kind kind, nd_diag *diag)
{
    static const uint8_t zeros[8];
    size_t n_head = sizeof(nd_cache_entry_head);
    if (add_bytes(w, zeros, (8 - w->entry.n % 8) % 8)) return no_memory(diag);
    nd_cache_entry_head head = {
        .magic = ND_CACHE_ENTRY_MAGIC, .kind = kind, .n_bytes = w->entry.n - n_head};
    head.body_checksum = nd__cache_checksum(w->entry.data + n_head, head.n_bytes);
    head.checksum = nd__cache_checksum(&head, offsetof(nd_cache_entry_head, checksum));
    memcpy(w->entry.data, &head, sizeof head);
    return append(w->index_fd, w->index_path, &w->index_n, w->entry.data, w->entry.n, false, diag);
}

/* @param base  added to the offsets of the arrays */
static int put_entry(nd_cache_writer *w, nd_cache_kind kind, const nd_cache_item *item,
                     uint64_t base, nd_diag *diag)
{
    const nd_cache_source *s = &item->source;
    size_t n_name = strlen(s->name) + 1, n_reason = strlen(item->reason) + 1;
    if (n_name < 2 || ND_MAX(n_name, n_reason) > ND_CACHE_MAX_TEXT_BYTES)
        return nd_diag_set(diag, ND_EARG,
                           "writing the feature cache: a name of 1 to %d bytes expected, not %zu",
                           ND_CACHE_MAX_TEXT_BYTES - 1, n_name - 1);
    nd_cache_entry_head head = {0};
    nd_cache_body body = {.medium = (uint32_t)s->medium,
                          .n_arrays = (uint32_t)item->n_arrays,
                          .n_name = (uint32_t)n_name,
                          .n_reason = (uint32_t)n_reason,
                          .size_bytes = s->size_bytes,
                          .mtime_ns = s->mtime_ns,
                          .hash = s->hash,
                          .analysed_s = item->analysed_s,
                          .is_cut = item->is_cut,
                          .code = item->code};
    w->entry.n = 0;
    int rc = add_bytes(w, &head, sizeof head);
    if (!rc) rc = add_bytes(w, &body, sizeof body);
    for (int i = 0; i < item->n_arrays && !rc; i++) {
        nd_cache_array a = item->arrays[i];
        a.offset += base;
        rc = add_bytes(w, &a, sizeof a);
    }
    if (!rc) rc = add_bytes(w, s->name, body.n_name);
    if (!rc) rc = add_bytes(w, item->reason, body.n_reason);
    return rc ? no_memory(diag) : append_entry(w, kind, diag);
}

/* ---- opening ---------------------------------------------------------------------- */

static int write_head(int fd, const char *path, int64_t *end, const char *magic, nd_diag *diag)
{
    nd_cache_file_head head;
    nd__cache_head_make(&head, magic);
    *end = 0;
    if (ftruncate(fd, 0)) return nd_diag_errno(diag, "writing", path);
    return append(fd, path, end, &head, sizeof head, true, diag);
}

/* A new cache, or one that was killed while it was made. The data come first, so that an index
 * that is there has them. */
static int make_heads(nd_cache_writer *w, nd_diag *diag)
{
    const int64_t n_head = sizeof(nd_cache_file_head);
    if (w->index_n >= n_head) return 0;
    if (w->data_n > n_head)
        return nd_diag_set(diag, ND_EFORMAT,
                           "opening the feature cache: %s has no index; remove the folder to "
                           "extract anew",
                           w->data_path);
    int rc = write_head(w->data_fd, w->data_path, &w->data_n, ND_CACHE_DATA_MAGIC, diag);
    return rc ? rc
              : write_head(w->index_fd, w->index_path, &w->index_n, ND_CACHE_INDEX_MAGIC, diag);
}

/* Cut both files where the last whole entry, and the data it names, end. */
static int cut_torn_end(nd_cache_writer *w, const nd_cache_list *list, nd_diag *diag)
{
    if ((int64_t)list->n_good < w->index_n && ftruncate(w->index_fd, (int64_t)list->n_good))
        return nd_diag_errno(diag, "cutting off the torn end of", w->index_path);
    w->index_n = (int64_t)list->n_good;
    if ((int64_t)list->data_end < w->data_n && ftruncate(w->data_fd, (int64_t)list->data_end))
        return nd_diag_errno(diag, "cutting off the torn end of", w->data_path);
    return 0;
}

/* A copy of a cache that was cut short: what is missing is to be extracted again. */
static int drop_missing(nd_cache_writer *w, const nd_cache_list *list, nd_diag *diag)
{
    int rc = 0;
    for (int i = 0; i < list->n_items && !rc; i++) {
        nd_cache_source source = list->items[i].source;
        if (nd__cache_item_fits(&list->items[i], (size_t)w->data_n)) continue;
        source.size_bytes = source.mtime_ns = 0;
        source.hash = 0;
        rc = nd_cache_writer_put_failure(w, &source, ND_EFORMAT,
                                         "its features were missing in the cache's data", diag);
    }
    return rc;
}

static int recover(nd_cache_writer *w, nd_diag *diag)
{
    nd_file_map index = {0}, data = {0};
    nd_cache_list list = {0};
    int rc = nd_file_map_open(&index, w->index_path, diag);
    if (!rc) rc = nd_file_map_open(&data, w->data_path, diag);
    if (!rc) rc = nd__cache_list_parse(&list, index.bytes, index.n, diag);
    if (!rc)
        rc = nd__cache_head_check(data.bytes, data.n, ND_CACHE_DATA_MAGIC, ND_CACHE_DATA_NAME,
                                  diag);
    if (!rc) rc = cut_torn_end(w, &list, diag);
    if (!rc) rc = drop_missing(w, &list, diag);
    /* New data come after all that an entry names, there or not. */
    w->data_n = (int64_t)list.data_end;
    nd__cache_list_deinit(&list);
    nd_file_map_deinit(&index);
    nd_file_map_deinit(&data);
    return rc;
}

static int keep_settings(nd_cache_writer *w, nd_medium medium, const char *settings, nd_diag *diag)
{
    if (!settings) return 0;
    size_t n = strlen(settings) + 1;
    w->settings[medium] = nd_calloc(n, 1);
    if (!w->settings[medium]) return no_memory(diag);
    memcpy(w->settings[medium], settings, n);
    return 0;
}

int nd_cache_writer_open(nd_cache_writer **out, const char *dir, nd_diag *diag)
{
    if (!out || !dir)
        return nd_diag_set(diag, ND_EARG, "writing a feature cache: a folder expected");
    nd_cache_writer *w = nd_calloc(1, sizeof *w);
    if (!w) return no_memory(diag);
    w->index_fd = w->data_fd = -1;
    int rc = open_files(w, dir, diag);
    if (!rc) rc = make_heads(w, diag);
    if (!rc) rc = recover(w, diag);
    if (!rc) rc = nd_cache_open(&w->known, dir, diag);
    for (int m = ND_MUSIC; m <= ND_VIDEO && !rc; m++)
        rc = keep_settings(w, (nd_medium)m, nd_cache_settings(w->known, (nd_medium)m), diag);
    if (rc) nd_cache_writer_close(&w);
    else *out = w;
    return rc;
}

void nd_cache_writer_close(nd_cache_writer **writer)
{
    nd_cache_writer *w = writer ? *writer : NULL;
    if (!w) return;
    nd_cache_close(&w->known);
    if (w->data_fd >= 0) close(w->data_fd);
    if (w->index_fd >= 0) close(w->index_fd);
    for (int m = 0; m <= ND_VIDEO; m++) free(w->settings[m]);
    nd_bytes_deinit(&w->entry);
    free(w->index_path);
    free(w->data_path);
    free(w);
    *writer = NULL;
}

const nd_cache *nd_cache_writer_known(const nd_cache_writer *w)
{
    return w->known;
}

/* ---- adding ----------------------------------------------------------------------- */

/* The first lines of two settings that differ, without their ends. */
static void find_difference(const char **a, size_t *n_a, const char **b, size_t *n_b)
{
    for (;;) {
        *n_a = strcspn(*a, "\n");
        *n_b = strcspn(*b, "\n");
        bool is_same = *n_a == *n_b && !memcmp(*a, *b, *n_a);
        if (!is_same || !**a || !**b) return;
        *a += *n_a + ((*a)[*n_a] == '\n');
        *b += *n_b + ((*b)[*n_b] == '\n');
    }
}

int nd_cache_writer_settings(nd_cache_writer *w, nd_medium medium, const char *settings,
                             nd_diag *diag)
{
    const char *had = w->settings[medium], *wanted = settings;
    if (!had) {
        nd_cache_item item = {.source = {.name = settings, .medium = medium}, .reason = ""};
        int rc = put_entry(w, ND_CACHE_SETTINGS, &item, 0, diag);
        return rc ? rc : keep_settings(w, medium, settings, diag);
    }
    if (!strcmp(had, wanted)) return 0;
    size_t n_had, n_wanted;
    find_difference(&had, &n_had, &wanted, &n_wanted);
    return nd_diag_set(diag, ND_EVERSION,
                       "extracting %s: the cache has other settings: it was made with \"%.*s\", "
                       "now \"%.*s\" is asked for; remove the folder, or name another",
                       medium == ND_MUSIC ? "music" : "video", (int)n_had, had, (int)n_wanted,
                       wanted);
}

/* Append a record's values at the next multiple of ND_CACHE_ALIGN. */
static int put_values(uint64_t *at_out, nd_cache_writer *w, const nd_cache_record *record,
                      nd_diag *diag)
{
    w->data_n = (w->data_n + ND_CACHE_ALIGN - 1) / ND_CACHE_ALIGN * ND_CACHE_ALIGN;
    *at_out = (uint64_t)w->data_n;
    return append(w->data_fd, w->data_path, &w->data_n, record->payload.data, record->payload.n,
                  true, diag);
}

/* Data that no entry names are written over by the next, or cut off by the next writer. */
static void take_back_values(nd_cache_writer *w, int64_t before)
{
    if (ftruncate(w->data_fd, before) == 0) w->data_n = before;
}

int nd_cache_writer_put(nd_cache_writer *w, const nd_cache_source *source,
                        const nd_cache_record *record, nd_diag *diag)
{
    nd_cache_item item = {.source = *source,
                          .analysed_s = record->analysed_s,
                          .is_cut = record->is_cut,
                          .reason = "",
                          .n_arrays = record->n_arrays,
                          .arrays = record->arrays};
    int64_t before = w->data_n;
    uint64_t at;
    int rc = put_values(&at, w, record, diag);
    if (!rc) rc = put_entry(w, ND_CACHE_FEATURES, &item, at, diag);
    if (rc) take_back_values(w, before);
    return rc;
}

int nd_cache_writer_add(nd_cache_writer *w, const nd_cache_item *item,
                        const nd_cache_source *source, const nd_cache_record *record, nd_diag *diag)
{
    int n = item->n_arrays + record->n_arrays;
    nd_cache_item whole = *item;
    if (n > ND_CACHE_MAX_ARRAYS)
        return nd_diag_set(diag, ND_EARG, "writing the feature cache: at most %d arrays expected",
                           ND_CACHE_MAX_ARRAYS);
    nd_cache_array *arrays = nd_calloc((size_t)n, sizeof *arrays);
    if (!arrays) return no_memory(diag);
    int64_t before = w->data_n;
    uint64_t at;
    int rc = put_values(&at, w, record, diag);
    for (int i = 0; i < n && !rc; i++) {
        bool is_old = i < item->n_arrays;
        arrays[i] = is_old ? item->arrays[i] : record->arrays[i - item->n_arrays];
        if (!is_old) arrays[i].offset += at;
    }
    whole.source = *source;
    whole.n_arrays = n;
    whole.arrays = arrays;
    if (!rc) rc = put_entry(w, ND_CACHE_FEATURES, &whole, 0, diag);
    if (rc) take_back_values(w, before);
    free(arrays);
    return rc;
}

int nd_cache_writer_put_failure(nd_cache_writer *w, const nd_cache_source *source, int code,
                                const char *reason, nd_diag *diag)
{
    nd_cache_item item = {.source = *source, .code = code, .reason = reason};
    return put_entry(w, ND_CACHE_FAILURE, &item, 0, diag);
}

int nd_cache_writer_touch(nd_cache_writer *w, const nd_cache_item *item,
                          const nd_cache_source *source, nd_diag *diag)
{
    nd_cache_item touched = *item;
    touched.source = *source;
    return put_entry(w, ND_CACHE_FEATURES, &touched, 0, diag);
}
