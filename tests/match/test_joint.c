/* Packed tracks: what is refused, and how near the bytes are. */
#include "../test.h"
#include "match/joint.h"

enum { R = 5, W = 32, U = 64 };

static void check_refused(void)
{
    static const struct {
        const char *name;
        int64_t n_rows, W, U;
    } sizes[] = {
        {"no_rows", 0, W, U},
        {"fewer_than_no_rows", -1, W, U},
        {"too_many_rows", (int64_t)ND_PACKED_MAX_ROWS + 1, W, U},
        {"no_width", R, 0, U},
        {"too_wide", R, ND_PACKED_MAX_WIDTH + 1, U},
        {"whole_less_than_none", R, W, -1},
        {"whole_too_wide", R, W, ND_PACKED_MAX_WIDTH + 1},
        {"huge", INT64_MAX, INT64_MAX, INT64_MAX},
    };
    static uint8_t data[4096];
    for (size_t i = 0; i < ND_COUNT(sizes); i++) {
        nd_packed p = {0};
        int rc = nd_packed_read(&p, data, nd_packed_bytes(R, W, U), sizes[i].n_rows, sizes[i].W,
                                sizes[i].U);
        CHECK(sizes[i].name,
              !nd_packed_bytes(sizes[i].n_rows, sizes[i].W, sizes[i].U) && rc == ND_EFORMAT &&
                  !p.rows,
              "%s", nd_error_name(rc));
    }
    nd_packed p = {0};
    size_t bytes = nd_packed_bytes(R, W, U);
    CHECK("one_byte_less", nd_packed_read(&p, data, bytes - 1, R, W, U) == ND_EFORMAT, "read");
    CHECK("one_byte_more", nd_packed_read(&p, data, bytes + 1, R, W, U) == ND_EFORMAT, "read");
    CHECK("nothing", nd_packed_read(&p, NULL, 0, R, W, U) == ND_EFORMAT, "read");
    CHECK("zeros", nd_packed_read(&p, data, bytes, R, W, U) == 0 && p.scale == 0, "refused");
    static const float scales[] = {NAN, -1, INFINITY};
    for (size_t i = 0; i < ND_COUNT(scales); i++) {
        char name[32];
        memcpy(data + 4, &scales[i], 4);
        snprintf(name, sizeof name, "spoilt_scale_%zu", i);
        CHECK(name, nd_packed_read(&p, data, bytes, R, W, U) == ND_EFORMAT, "read");
    }
}

static float largest_error(const float *x, const int8_t *bytes, float scale, int n)
{
    float error = 0;
    for (int i = 0; i < n; i++) error = fmaxf(error, fabsf(x[i] - (float)bytes[i] * scale));
    return error;
}

static void check_round_trip(void)
{
    nd_rng rng;
    float rows[R * W], whole[U];
    nd_rng_init(&rng, 1, 0);
    for (int i = 0; i < R * W; i++) rows[i] = 0.2f * (float)nd_rng_normal(&rng);
    for (int i = 0; i < U; i++) whole[i] = 0.1f * (float)nd_rng_normal(&rng);
    uint8_t data[8 + U + R * W + 1];
    data[sizeof data - 1] = 77;
    nd_packed_write(data, rows, R, W, whole, U);
    nd_packed p;
    int rc = nd_packed_read(&p, data, sizeof data - 1, R, W, U);
    CHECK("written_is_read", rc == 0 && data[sizeof data - 1] == 77, "%s", nd_error_name(rc));
    float error = largest_error(rows, p.rows, p.scale, R * W);
    CHECK("rows_within_half_a_step", error <= 0.5001f * p.scale, "%g of %g", error, p.scale);
    error = largest_error(whole, p.whole, p.whole_scale, U);
    CHECK("whole_within_half_a_step", error <= 0.5001f * p.whole_scale, "%g", error);
    nd_packed_write(data, rows, R, W, NULL, 0);
    rc = nd_packed_read(&p, data, nd_packed_bytes(R, W, 0), R, W, 0);
    CHECK("no_whole", rc == 0 && (const uint8_t *)p.rows == data + 8, "%s", nd_error_name(rc));
}

static void check_values(void)
{
    static const struct {
        const char *name;
        float x[4];
        int8_t bytes[4];
        float scale;
    } cases[] = {
        {"largest_is_127", {1, -0.5f, 0, 0.004f}, {127, -64, 0, 1}, 1.0f / 127},
        {"most_negative_is_-127", {-2, 1, 0, 0}, {-127, 64, 0, 0}, 2.0f / 127},
        {"zeros", {0, 0, 0, 0}, {0, 0, 0, 0}, 0},
        {"not_finite_is_zero", {NAN, INFINITY, -INFINITY, 1}, {0, 0, 0, 127}, 1.0f / 127},
        {"tiny", {1e-45f, 0, 0, 0}, {0, 0, 0, 0}, 0},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        int8_t bytes[4];
        float scale = nd_pack(bytes, cases[i].x, 4);
        CHECK(cases[i].name, !memcmp(bytes, cases[i].bytes, 4) && scale == cases[i].scale,
              "%d %d %d %d * %g", bytes[0], bytes[1], bytes[2], bytes[3], scale);
    }
}

int main(void)
{
    check_refused();
    check_values();
    check_round_trip();
    TEST_END();
}
