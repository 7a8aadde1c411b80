/* What a matching model made of tracks, in a SQLite library: kept with its track, read alone. */
#include "made.h"
#include "match/scan.h"
#include "spawn.h"

/* The ids that a walk gave, as "1 3 ". */
static int name_joint(void *user, const nd_stored_joint *joint)
{
    nd_str_append(user, "%lld:%lld:%.*s ", (long long)joint->track_id, (long long)joint->n_rows,
                  (int)joint->bytes, (const char *)joint->data);
    return 0;
}

static int name_path(void *user, int64_t id, const char *path)
{
    nd_str_append(user, "%lld:%s ", (long long)id, nd_path_name(path));
    return 0;
}

static int name_track(void *user, const nd_track *track)
{
    nd_str_append(user, "%s %s %s", nd_path_name(track->path), track->tags[0], track->info.title);
    return 0;
}

static int name_brief(void *user, const nd_brief *b)
{
    nd_str_append(user, "%lld:%g:%g:%d ", (long long)b->id, b->tempo_bpm, b->loudness_lufs,
                  b->is_minor);
    return b->id == 4;
}

/* What a whole library is looked through for, and some arrays of a track. */
static void check_parts(nd_library *lib)
{
    static const char *const names[] = {"absent", "onset", "beats_s", NULL}, *const none[] = {NULL};
    nd_str s = {0};
    nd_description *d = NULL;
    int rc = nd_library_each_brief(lib, NULL, name_brief, &s, NULL);
    CHECK("each_brief", rc == 1 && !strcmp(s.text, "1:100:-14:1 2:100:-14:1 4:100:-14:1 "),
          "%d: %s", rc, s.text);
    rc = nd_library_each_brief(lib, &(nd_filter){.key = "magic"}, name_brief, &s, NULL);
    CHECK("each_brief_bad_filter", rc == ND_EARG, "%d", rc);
    CHECK("no_track", nd_library_arrays(&d, lib, 99, names, NULL) == ND_ENOTFOUND && !d, "found");
    rc = nd_library_arrays(&d, lib, 2, names, NULL);
    CHECK("some_arrays",
          rc == 0 && d->n_arrays == 2 && nd_description_find(d, "onset") &&
              nd_description_find(d, "beats_s") && d->info.duration_s > 0,
          "%d", rc);
    nd_description_destroy(&d);
    rc = nd_library_arrays(&d, lib, 2, none, NULL);
    CHECK("no_arrays", rc == 0 && d->n_arrays == 0, "%d", rc);
    nd_description_destroy(&d);
    nd_str_deinit(&s);
}

static void check_joints(const char *name, nd_library *lib, const nd_filter *filter, uint64_t model,
                         const char *with, const char *without)
{
    nd_str a = {0}, b = {0};
    int rc = lib->ops->each_joint(lib->store, filter, model, name_joint, &a, NULL);
    if (!rc) rc = lib->ops->each_without_joint(lib->store, model, name_path, &b, NULL);
    CHECK(name,
          rc == 0 && !strcmp(a.text ? a.text : "", with) && !strcmp(b.text ? b.text : "", without),
          "%s, %s, %s", nd_error_name(rc), a.text ? a.text : "", b.text ? b.text : "");
    nd_str_deinit(&a);
    nd_str_deinit(&b);
}

static int put_joint(nd_library *lib, int64_t id, uint64_t model, const char *data)
{
    nd_stored_joint joint = {
        .track_id = id, .model = model, .n_rows = 3, .data = data, .bytes = strlen(data)};
    return lib->ops->put_joint(lib->store, &joint, NULL);
}

static const uint64_t MODEL = UINT64_MAX - 4;

static void check_models(nd_library *lib)
{
    nd_stored_model in = {.fingerprint = MODEL,
                          .extractor = UINT64_MAX,
                          .name = "a",
                          .W = 32,
                          .U = 64},
                    out = {.W = 7};
    CHECK("no_model", lib->ops->get_model(&out, lib->store, NULL) == ND_ENOTFOUND && out.W == 7,
          "found");
    CHECK("put_model", !lib->ops->put_model(lib->store, &in, NULL), "failed");
    int rc = lib->ops->get_model(&out, lib->store, NULL);
    CHECK("get_model", rc == 0 && !memcmp(&in, &out, sizeof in), "%s %s", nd_error_name(rc),
          out.name);
    in.fingerprint = 7;
    strcpy(in.name, "b");
    lib->ops->put_model(lib->store, &in, NULL);
    lib->ops->get_model(&out, lib->store, NULL);
    CHECK("model_replaced", !memcmp(&in, &out, sizeof in), "%s", out.name);
}

static void check_joint(void)
{
    make_library("joint", 3);
    nd_library *lib = open_library("joint", ND_OPEN_INDEX);
    const nd_store_ops *ops = lib->ops;
    check_models(lib);
    check_joints("no_joint", lib, NULL, MODEL, "", "1:01.ogg 2:02.ogg 3:03.ogg ");
    CHECK("joint_of_no_track", put_joint(lib, 99, MODEL, "x") == ND_ENOTFOUND, "stored");
    int rc = put_joint(lib, 3, MODEL, "three") | put_joint(lib, 1, MODEL, "one");
    check_joints("two_of_three", lib, NULL, MODEL, "1:3:one 3:3:three ", "2:02.ogg ");
    CHECK("put_joint", rc == 0 && !put_joint(lib, 1, MODEL, "uno"), "%d", rc);
    put_joint(lib, 2, 5, "other");
    check_joints("joint_replaced", lib, NULL, MODEL, "1:3:uno 3:3:three ", "2:02.ogg ");
    check_joints("joint_of_another_model", lib, NULL, 5, "2:3:other ", "1:01.ogg 3:03.ogg ");
    nd_filter filter = {.path = "03.ogg", .tags = (const char *const[]){"rock", NULL}};
    check_joints("joint_filtered", lib, &filter, MODEL, "3:3:three ", "2:02.ogg ");
    nd_known to = {.path = fixture_path("copy"), .id = 4};
    ops->copy_track(lib->store, 3, &to, NULL);
    to = (nd_known){.path = fixture_path("moved"), .id = 1};
    ops->move_track(lib->store, &to, NULL);
    ops->remove(lib->store, fixture_path("03.ogg"), NULL);
    check_joints("joint_follows_its_track", lib, NULL, MODEL, "1:3:uno 4:3:three ", "2:02.ogg ");
    put(lib, 1, "moved", fixture_description(100, 9, 1, 30, "Rock"), NULL, NULL);
    check_joints("joint_goes_when_put_again", lib, NULL, MODEL, "4:3:three ", "1:moved 2:02.ogg ");
    nd_str s = {0};
    rc = ops->get_track(lib->store, 2, name_track, &s, NULL);
    CHECK("get_track", rc == 0 && !strcmp(s.text, "02.ogg pop Title \xC3\xA9"), "%s", s.text);
    CHECK("get_no_track", ops->get_track(lib->store, 99, name_track, &s, NULL) == ND_ENOTFOUND,
          "found");
    nd_str_deinit(&s);
    check_parts(lib);
    nd_library_close(&lib);
}

/* A crate takes what fits; what another program spoilt is left out and said. */
static void check_crate(void)
{
    enum { W = 4, U = 2 };
    make_library("crate", 3);
    nd_library *lib = open_library("crate", ND_OPEN_INDEX);
    nd_stored_model model = {.fingerprint = MODEL, .W = W, .U = U};
    const float rows[3 * W] = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0}, whole[U] = {0, 1};
    for (int id = 1; id <= 3; id++) {
        uint8_t data[8 + U + 3 * W];
        nd_stored_joint joint = {.track_id = id,
                                 .model = MODEL,
                                 .n_rows = id,
                                 .data = data,
                                 .bytes = 10 + (size_t)id * W};
        nd_packed_write(data, rows, id, W, whole, U);
        lib->ops->put_joint(lib->store, &joint, NULL);
    }
    nd_library_close(&lib);
    shell("sqlite3 crate 'update joint set n_rows = 7 where track_id = 2'");
    lib = open_library("crate", ND_OPEN_READ);
    nd_crate c = {0};
    int rc = nd_crate_load(&c, lib, NULL, &model, NULL, NULL);
    CHECK("crate",
          rc == 0 && c.n == 2 && c.n_refused == 1 && c.tracks[1].id == 3 && c.tracks[1].n_rows == 3,
          "%s, %lld", nd_error_name(rc), (long long)c.n);
    float scores[3];
    int32_t offsets[3];
    rc = nd_scan_rows(scores, offsets, &c, rows + W, 1, 1, NULL);
    CHECK("crate_scan", rc == 0 && scores[0] == 0 && scores[1] > 0.99f && offsets[1] == 1,
          "%g %g at %d", scores[0], scores[1], offsets[1]);
    nd_crate_deinit(&c);
    model.W = 5;
    rc = nd_crate_load(&c, lib, NULL, &model, NULL, NULL);
    CHECK("crate_of_other_widths", rc == 0 && c.n == 0 && c.n_refused == 3, "%lld", (long long)c.n);
    nd_crate_deinit(&c);
    nd_filter filter = {.bpm_min = -1};
    rc = nd_crate_load(&c, lib, &filter, &model, NULL, NULL);
    CHECK("crate_wrong_filter", rc == ND_EARG, "%s", nd_error_name(rc));
    nd_crate_deinit(&c);
    nd_library_close(&lib);
}

/* A library of version 1, as it was released: kept, and brought to version 2. */
static void check_version_1(void)
{
    make_library("one", 2);
    shell("sqlite3 one 'drop table joint; drop table models; pragma user_version = 1'");
    nd_library *lib = NULL;
    int rc = nd_library_open(&lib, fixture_path("one"), ND_OPEN_READ, NULL);
    CHECK("read_version_1", rc == ND_EVERSION && !lib, "%s", nd_error_name(rc));
    lib = open_library("one", ND_OPEN_INDEX);
    CHECK_LIST("version_1_kept", lib, NULL, "01.ogg 100 9m pop rock\n02.ogg 100 9m pop rock\n");
    CHECK("version_1_migrated", !put_joint(lib, 2, MODEL, "two"), "failed");
    nd_library_close(&lib);
}

int main(void)
{
    fixture_start();
    check_joint();
    check_crate();
    check_version_1();
    TEST_END();
}
