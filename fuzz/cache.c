/* A feature cache written by an enemy: four bytes say how long the index is, the index comes next,
 * the rest is the data. It is read as it is, and with checksums made right, as an enemy would. */
#include <string.h>

#include "learn/cache_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Read all that an item says it has. */
static void read_item(const nd_cache *c, int item, float *clip, size_t n_most)
{
    static const char *const arrays[] = {"fbank", "frames", "colour_frames", "clip_rhythm_class",
                                         "beats_s"};
    uint64_t sum = 0;
    for (size_t a = 0; a < ND_COUNT(arrays); a++) {
        int64_t dims[ND_ARRAY_MAX_DIMS], rows = 0;
        int n_dims = nd_cache_shape(c, item, arrays[a], dims);
        if (n_dims == 3 && dims[0] > 0 && (size_t)(dims[1] * dims[2]) <= n_most)
            for (int64_t k = 0; k < ND_MIN(dims[0], 4); k++)
                nd_cache_clip_f32(clip, c, item, arrays[a], (int)k);
        const int32_t *i32 = nd_cache_i32(c, item, arrays[a], &rows);
        for (int64_t k = 0; i32 && k < rows; k++) sum += (uint32_t)i32[k];
        const float *f32 = nd_cache_f32(c, item, arrays[a], &rows);
        for (int64_t k = 0; f32 && k < rows; k++) sum += f32[k] > 0;
    }
    const nd_cache_item *i = nd_cache_at(c, item);
    ND_ASSERT(nd_cache_find(c, i->source.name, i->source.medium) == item);
    ND_ASSERT(sum < UINT64_MAX && i->n_clips >= 0 && i->n_bytes >= 0);
}

static void read_all(const nd_cache *c)
{
    enum { MOST = 1 << 16 };
    float *clip = malloc(MOST * sizeof *clip);
    for (int i = 0; clip && i < nd_cache_count(c); i++) read_item(c, i, clip, MOST);
    for (int i = 0; i < nd_cache_failure_count(c); i++)
        ND_ASSERT(strlen(nd_cache_failure_at(c, i)->reason) < ND_CACHE_MAX_TEXT_BYTES);
    nd_cache_verify(c, NULL, NULL);
    free(clip);
}

static void seal_head(uint8_t *bytes, size_t n)
{
    nd_cache_file_head head;
    if (n < sizeof head) return;
    memcpy(&head, bytes, sizeof head);
    head.checksum = nd__cache_checksum(&head, offsetof(nd_cache_file_head, checksum));
    memcpy(bytes, &head, sizeof head);
}

static void seal(uint8_t *index, size_t n)
{
    nd_cache_entry_head head;
    seal_head(index, n);
    for (size_t at = sizeof(nd_cache_file_head); at < n && n - at >= sizeof head;) {
        memcpy(&head, index + at, sizeof head);
        size_t left = n - at - sizeof head;
        if (head.n_bytes > left) return;
        head.body_checksum = nd__cache_checksum(index + at + sizeof head, head.n_bytes);
        head.checksum = nd__cache_checksum(&head, offsetof(nd_cache_entry_head, checksum));
        memcpy(index + at, &head, sizeof head);
        at += sizeof head + head.n_bytes;
    }
}

static void open_and_read(const uint8_t *index, size_t n_index, const uint8_t *data, size_t n_data)
{
    nd_cache *c = NULL;
    if (!nd__cache_open_bytes(&c, index, n_index, data, n_data, NULL)) read_all(c);
    nd_cache_close(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    uint32_t n_index = 0;
    if (n < sizeof n_index) return 0;
    memcpy(&n_index, data, sizeof n_index);
    data += sizeof n_index;
    n -= sizeof n_index;
    if (n_index > n) n_index = (uint32_t)n;
    /* Blocks of their own, so that a read past an end is seen. */
    uint8_t *index = malloc((size_t)n_index + !n_index);
    uint8_t *values = malloc(n - n_index + (n == n_index));
    if (index && values) {
        if (n_index) memcpy(index, data, n_index);
        if (n > n_index) memcpy(values, data + n_index, n - n_index);
        open_and_read(index, n_index, values, n - n_index);
        seal(index, n_index);
        seal_head(values, n - n_index);
        open_and_read(index, n_index, values, n - n_index);
    }
    free(index);
    free(values);
    return 0;
}
