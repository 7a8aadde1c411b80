/* The made world: its scripts and oracles, a small corpus of it, and that the same parameters give
 * the same bytes. */
#include "../test.h"

#include <sys/stat.h>

#include "needledrop/synth.h"
#include "synth/corpus_film.h"

static char folder[] = "/tmp/needledrop-corpus-XXXXXX";

enum { N_PAIRS = 24 };

static const nd_synth_corpus_params few = {.n_pairs = N_PAIRS, .seed = 5, .n_threads = 2};

static const nd_script_params small = {.n_tracks = 700,
                                       .n_pairs = 2800,
                                       .n_families = 32,
                                       .noise = .2,
                                       .seed = 1,
                                       .video_seed = 1,
                                       .music_seed = 1,
                                       .side_px = 96,
                                       .fps = 8};

static char *path_of(const char *name)
{
    static char paths[4][512];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static bool same_file(const char *a, const char *b)
{
    nd_bytes x = {0}, y = {0};
    bool same = !nd_file_read(&x, a, 1 << 26, NULL) && !nd_file_read(&y, b, 1 << 26, NULL) &&
                x.n == y.n && !memcmp(x.data, y.data, x.n);
    nd_bytes_deinit(&x);
    nd_bytes_deinit(&y);
    return same;
}

static void test_wrong_params(void)
{
    static const struct {
        const char *name, *dir;
        nd_synth_corpus_params params;
        int code;
    } cases[] = {
        {"wrong_no_pairs", "w", {.seed = 1}, ND_EARG},
        {"wrong_few_pairs", "w", {.n_pairs = 23}, ND_EARG},
        {"wrong_many_pairs", "w", {.n_pairs = 1 << 30}, ND_EARG},
        {"wrong_size", "w", {.size = (nd_synth_size)9}, ND_EARG},
        {"wrong_world", "w", {.n_pairs = 30, .world = (nd_synth_world)2}, ND_EARG},
        {"wrong_noise", "w", {.n_pairs = 30, .noise = .95}, ND_EARG},
        {"wrong_noise_nan", "w", {.n_pairs = 30, .noise = NAN}, ND_EARG},
        {"wrong_threads", "w", {.n_pairs = 30, .n_threads = -1}, ND_EARG},
        {"wrong_dir_is_file", "file", {.n_pairs = 30}, ND_EIO},
        {"wrong_dir_in_file", "file/w", {.n_pairs = 30}, ND_EIO},
    };
    nd_file_write(path_of("file"), "x", 1, NULL);
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        nd_diag diag = {0};
        int rc = nd_synth_corpus(path_of(cases[i].dir), &cases[i].params, NULL, NULL, &diag);
        CHECK(cases[i].name, rc == cases[i].code && diag.text[0], "%d %s", rc, diag.text);
    }
    CHECK("wrong_null", nd_synth_corpus(NULL, &few, NULL, NULL, NULL) == ND_EARG, "taken");
    CHECK("wrong_makes_nothing", access(path_of("w"), F_OK) != 0, "a folder was made");
}

/* ---- scripts ----------------------------------------------------------------------------- */

static void test_families(const nd_script *s)
{
    int wrong_bag = 0, same_script = 0, wrong_tag = 0, in_training = 0;
    for (int i = 0; i < s->params.n_families * ND_FAMILY_TRACKS; i++) {
        const nd_script_track *t = &s->tracks[i], *first = &s->tracks[i - i % ND_FAMILY_TRACKS];
        int bag[ND_CONCEPTS] = {0}, n_tag = 0;
        for (int k = 0; k < ND_BAG_CLIPS; k++) {
            bag[t->concepts[k]]++;
            bag[first->concepts[k]]--;
            n_tag += t->concepts[k] == t->tag;
        }
        for (int c = 0; c < ND_CONCEPTS; c++) wrong_bag += bag[c] != 0;
        wrong_tag += n_tag != 3;
        in_training += t->split != ND_IN_TEST;
        for (const nd_script_track *o = first; o < t; o++)
            same_script += !memcmp(o->concepts, t->concepts, ND_BAG_CLIPS) &&
                           !memcmp(o->pulses, t->pulses, ND_BAG_CLIPS);
    }
    CHECK("families_have_one_bag", wrong_bag == 0, "%d off", wrong_bag);
    CHECK("members_differ", same_script == 0, "%d alike", same_script);
    CHECK("tag_is_the_dominant", wrong_tag == 0, "%d are not", wrong_tag);
    CHECK("families_are_test", in_training == 0, "%d are not", in_training);
}

static void test_natural(const nd_script *s)
{
    int n_videos = 0, n_val = 0, n_short = 0, n_shown = 0, n_most = 0, first = 512;
    for (int i = first; i < first + s->params.n_tracks; i++) {
        const nd_script_track *t = &s->tracks[i];
        n_videos += t->n_videos;
        n_val += t->split == ND_IN_VAL;
        n_short += t->duration_s < 28 || t->duration_s > 60;
        n_most = ND_MAX(n_most, t->n_videos);
        n_shown += t->n_videos >= 2;
    }
    CHECK("n_pairs", n_videos == 2800 && s->n_videos == 2800 + 512, "%d", n_videos);
    CHECK("many_to_one", n_most >= 10 && n_shown == 700, "most %d, %d of two or more", n_most,
          n_shown);
    CHECK("a_tenth_is_val", n_val == 70, "%d", n_val);
    CHECK("lengths", n_short == 0, "%d out of 28 to 60 s", n_short);
    int n_spare = 0, n_exact = 0, n_near = 0;
    for (int i = first + s->params.n_tracks; i < s->n_tracks; i++) {
        const nd_script_track *t = &s->tracks[i];
        n_spare += t->n_videos == 0 && t->split == ND_IN_VAL;
        n_exact += t->copy_of >= 0 && t->is_exact;
        n_near += t->copy_of >= 0 && !t->is_exact;
    }
    CHECK("spares", n_spare == 210 && n_exact == 14 && n_near == 14, "%d, %d and %d copies",
          n_spare, n_exact, n_near);
}

static void test_videos(const nd_script *s)
{
    int n = 0, n_other = 0, n_far = 0, n_faster = 0, n_jump = 0, n_outside = 0, n_moved = 0;
    for (int i = 0; i < s->n_videos; i++) {
        const nd_script_video *v = &s->videos[i];
        const nd_script_track *t = &s->tracks[v->track];
        for (int k = 0; k < nd_script_clips(v->duration_s); k++, n++) {
            int meant = t->concepts[v->first_clip + k], pulse = t->pulses[v->first_clip + k];
            n_other += v->concepts[k] != meant;
            n_far += v->concepts[k] != meant && !nd_script_is_near(v->concepts[k], meant);
            n_faster += v->motions[k] != pulse;
            n_jump += abs(v->motions[k] - pulse) > 1;
        }
        n_moved += v->first_clip > 0;
        n_outside += t->family < 0 && v->start_s + v->duration_s > t->duration_s;
    }
    CHECK_NEAR("share_of_other_concepts", (double)n_other / n, .2, .01);
    CHECK_NEAR("share_of_other_motion", (double)n_faster / n, .2, .01);
    CHECK("noise_is_near", n_far == 0 && n_jump == 0, "%d and %d far", n_far, n_jump);
    CHECK("videos_within_tracks", n_outside == 0, "%d go past the end", n_outside);
    CHECK("some_start_later", n_moved > 1000, "%d", n_moved);
}

/* Bits that the pulse of a clip tells of its mood. */
static double pulse_information(const nd_script *s, bool is_structured)
{
    double joint[ND_SCRIPT_MOODS][ND_PULSES] = {{0}}, moods[ND_SCRIPT_MOODS] = {0};
    double pulses[ND_PULSES] = {0}, n = 0, bits = 0;
    for (int i = 0; i < s->n_tracks; i++)
        for (int k = 0; k < ND_BAG_CLIPS && (s->tracks[i].family >= 0) == is_structured; k++, n++) {
            int m = s->tracks[i].concepts[k] % ND_SCRIPT_MOODS, p = s->tracks[i].pulses[k];
            joint[m][p]++;
            moods[m]++;
            pulses[p]++;
        }
    for (int m = 0; m < ND_SCRIPT_MOODS; m++)
        for (int p = 0; p < ND_PULSES; p++)
            if (joint[m][p] > 0)
                bits += joint[m][p] / n * log2(joint[m][p] * n / (moods[m] * pulses[p]));
    return bits;
}

/* The grid follows the tempo of each clip, and its phase goes on at the border. */
static void test_beats(const nd_script *s)
{
    double worst = 0;
    int n_late = 0;
    for (int i = 0; i < 50; i++) {
        const nd_script_track *t = &s->tracks[500 + i];
        double place[2] = {0}, before = nd_script_next_beat(t, place), at;
        n_late += !(before > 0 && before <= nd_script_period_s(t, 0));
        while ((at = nd_script_next_beat(t, place)) < 40) {
            double beats = 0; /* the integral of the tempo from beat to beat is 1 */
            for (int j = -1; j < ND_SCRIPT_CLIPS; j++) {
                int k = j < 0 ? ND_SCRIPT_BEFORE : j;
                double lo = j < 0 ? before : fmax(before, t->starts_s[j]);
                double hi = j + 1 < ND_SCRIPT_CLIPS ? fmin(at, t->starts_s[j + 1]) : at;
                if (hi > lo) beats += (hi - lo) * nd_pulse_bpm[t->pulses[k]] * t->tempo_ratio / 60;
            }
            worst = fmax(worst, fabs(beats - 1));
            before = at;
        }
    }
    CHECK("beats_follow_the_tempo", worst < 1e-9, "off by %g of a beat", worst);
    CHECK("first_beat_within_a_beat", n_late == 0, "%d of 50", n_late);
}

/* The control without a script: nothing of a track is in its video. */
static void test_blank(void)
{
    nd_script s;
    nd_script_params params = small;
    double recall[ND_RECALLS];
    int n_other = 0, n_sync = 0, n_shown = 0;
    params.is_blank = true;
    params.n_families = 2;
    int rc = nd_script_plan(&s, &params);
    CHECK("blank_planned", rc == 0, "%d", rc);
    if (rc) return;
    for (int i = 0; i < s.n_tracks; i++)
        for (int k = 0; k < ND_SCRIPT_CLIPS; k++)
            n_other += s.tracks[i].concepts[k] != s.tracks[0].concepts[0] ||
                       s.tracks[i].pulses[k] != s.tracks[0].pulses[0];
    for (int i = 0; i < s.n_videos; i++) {
        n_sync += s.videos[i].is_sync;
        n_shown += s.videos[i].concepts[0] != s.tracks[0].concepts[0];
    }
    CHECK("blank_has_one_script", n_other == 0 && n_sync == 0, "%d others, %d in sync", n_other,
          n_sync);
    CHECK("blank_keeps_the_noise", n_shown > s.n_videos / 10, "%d of %d", n_shown, s.n_videos);
    rc = nd_oracle_ladder(recall, &s, ND_ORACLE_ALL);
    CHECK("blank_oracle_is_at_chance", rc == 0 && fabs(recall[0] - 1. / 32) < 1e-9, "%g",
          recall[0]);
    nd_script_deinit(&s);
}

static void test_same_script(const nd_script *s)
{
    nd_script other;
    nd_script_params params = small;
    char *a = NULL, *b = NULL;
    params.n_families = 31; /* a member does not depend on how many there are */
    int rc = nd_script_plan(&other, &params);
    CHECK("items_stand_alone",
          rc == 0 && !strcmp(other.tracks[31 * 16 + 9].id, s->tracks[32 * 16 + 9].id) &&
              !memcmp(other.tracks[9].concepts, s->tracks[9].concepts, ND_SCRIPT_CLIPS),
          "%d", rc);
    nd_script_deinit(&other);
    params = small;
    params.seed = 2;
    nd_script_plan(&other, &params);
    nd_script_truth(&a, s);
    nd_script_truth(&b, &other);
    CHECK("other_seed_other_script", a && b && strcmp(a, b) != 0, "the same");
    nd_script_deinit(&other);
    free(a);
    free(b);
}

/* ---- oracles ----------------------------------------------------------------------------- */

static void test_recall(void)
{
    double recall[ND_RECALLS], rank;
    const double scores[] = {3, 1, 2, 2, 2, 0};
    nd_oracle_recall(recall, &rank, scores, 6, 0);
    CHECK("first_is_first", recall[0] == 1 && rank == 1. / 6, "%g %g", recall[0], rank);
    nd_oracle_recall(recall, &rank, scores, 6, 3);
    CHECK("ties_are_shared", recall[0] == 0 && recall[1] == 1 && rank == .5, "%g %g %g", recall[0],
          recall[1], rank);
    double even[50] = {0};
    nd_oracle_recall(recall, &rank, even, 50, 7);
    CHECK("all_equal_is_chance", fabs(recall[0] - .02) < 1e-12 && fabs(recall[3] - .5) < 1e-12,
          "%g %g", recall[0], recall[3]);
}

static void test_ladder(const nd_script *s)
{
    static const double least[ND_N_ORACLES][2] = {
        {.015, .45}, {.055, .9}, {.1, .9}, {.2, .95}, {.85, .99}};
    static const double most[ND_N_ORACLES] = {.05, .0626, .25, .2501, .98};
    double rungs[ND_N_ORACLES][ND_RECALLS];
    for (int o = 0; o < ND_N_ORACLES; o++) {
        char name[64];
        int rc = nd_oracle_ladder(rungs[o], s, (nd_oracle)o);
        snprintf(name, sizeof name, "oracle_%s", nd_oracle_names[o]);
        CHECK(name,
              rc == 0 && rungs[o][0] >= least[o][0] && rungs[o][0] <= most[o] &&
                  rungs[o][3] >= least[o][1],
              "%.3f %.3f %.3f %.3f", rungs[o][0], rungs[o][1], rungs[o][2], rungs[o][3]);
    }
    const double tag = rungs[ND_ORACLE_TAG][0], bag = rungs[ND_ORACLE_BAG][0];
    const double order = rungs[ND_ORACLE_ORDER][0], all = rungs[ND_ORACLE_ALL][0];
    CHECK("rungs_stand_apart", bag > 1.5 * tag && order > 2 * bag && all > 2 * order && all < 1,
          "%.3f %.3f %.3f %.3f", tag, bag, order, all);
}

static void test_scripts(void)
{
    nd_script s;
    int rc = nd_script_plan(&s, &small);
    CHECK("planned", rc == 0, "%d", rc);
    if (rc) return;
    test_families(&s);
    test_natural(&s);
    test_videos(&s);
    test_beats(&s);
    test_blank();
    double natural = pulse_information(&s, false);
    CHECK("pulse_hangs_with_mood_a_little", natural > .04 && natural < .16, "%.3f bits", natural);
    test_same_script(&s);
    test_ladder(&s);
    nd_script_deinit(&s);
}

/* ---- media ------------------------------------------------------------------------------- */

/* All music is as loud, within 1 dB and what the limiter takes. */
static void test_sound(const nd_script *s)
{
    double lo = 0, hi = -99;
    for (int t = 0; t < 4; t++) {
        float *sound = NULL;
        int64_t n = 0;
        nd_rng rng;
        nd_rng_init(&rng, 1, (uint64_t)t);
        int rc = nd_made_track_play(&sound, &n, s, 5 * t);
        if (rc) break;
        int64_t n_out = nd_made_sound_finish(sound, n, &rng);
        double power = 0;
        for (int64_t i = 0; i < n_out; i++) power += (double)sound[i] * (double)sound[i];
        double db = 10 * log10(power / (double)n_out + 1e-12);
        lo = fmin(lo, db);
        hi = fmax(hi, db);
        CHECK_NEAR("half_the_rate", n_out, n / 2, 0);
        free(sound);
    }
    CHECK("one_loudness", lo > -21.5 && hi < -18.9, "%.2f to %.2f dB", lo, hi);
}

/* Mean of the picture of one shot, 0..1, and its spread, of grey. */
static void look_of(double out[2], const nd_script *s, int concept)
{
    nd_made_film film;
    nd_script_video *v = &s->videos[0];
    memset(v->concepts, concept, sizeof v->concepts);
    if (nd_made_film_plan(&film, s, 0)) return;
    film.camera = (nd_made_camera){.state = 1};
    nd_made_film_paint(&film, 3);
    int n = film.width * film.height;
    double sum = 0, square = 0;
    for (int i = 0; i < n; i++) {
        const uint8_t *p = film.rgb + 3 * (size_t)i;
        double grey = (.299 * p[0] + .587 * p[1] + .114 * p[2]) / 255;
        sum += grey / n;
        square += grey * grey / n;
    }
    out[0] = sum;
    out[1] = sqrt(square - sum * sum);
    nd_made_film_deinit(&film);
}

/* Grey pictures tell the moods of a scene apart. */
static void test_gradings(const nd_script *s)
{
    for (int scene = 0; scene < ND_SCRIPT_SCENES; scene++) {
        double look[ND_SCRIPT_MOODS][2] = {{0}};
        char name[64];
        for (int m = 0; m < ND_SCRIPT_MOODS; m++) look_of(look[m], s, scene * ND_SCRIPT_MOODS + m);
        snprintf(name, sizeof name, "moods_in_grey_%s", nd_script_scenes[scene]);
        CHECK(name,
              look[ND_TENSE][0] < look[ND_CALM][0] - .1 && look[ND_TENSE][0] < look[ND_HAPPY][0] &&
                  look[ND_CALM][1] < .75 * look[ND_HAPPY][1],
              "means %.2f %.2f %.2f, spreads %.2f %.2f %.2f", look[0][0], look[1][0], look[2][0],
              look[0][1], look[1][1], look[2][1]);
    }
}

/* Faster motion has more cuts; cuts of a film in time with the music lie near its beats. */
static void test_cuts(const nd_script *s)
{
    int n_cuts[2] = {0}, n_near = 0, n_sync = 0;
    for (int i = 0; i < 40; i++)
        for (int fast = 0; fast < 2; fast++) {
            nd_made_film film;
            nd_script_video *v = &s->videos[i % s->n_videos];
            memset(v->motions, fast ? 5 : 0, sizeof v->motions);
            if (nd_made_film_plan(&film, s, i % s->n_videos)) return;
            n_cuts[fast] += film.n_shots;
            for (int k = 1; k < film.n_shots && v->is_sync; k++) {
                double place[2] = {0}, at, off = 9, cut = film.shots[k].start_s + v->start_s;
                while ((at = nd_script_next_beat(&s->tracks[v->track], place)) < cut + 1)
                    off = fmin(off, fabs(at - cut));
                n_sync++;
                n_near += off < .13;
            }
            nd_made_film_deinit(&film);
        }
    CHECK("fast_has_more_cuts", n_cuts[1] > 1.5 * n_cuts[0], "%d and %d", n_cuts[0], n_cuts[1]);
    CHECK("cuts_lie_on_beats", n_sync > 20 && n_near > .9 * n_sync, "%d of %d", n_near, n_sync);
}

static void test_renderers(void)
{
    nd_script s;
    nd_script_params params = small;
    params.n_tracks = 10;
    params.n_pairs = 24;
    params.n_families = 1;
    if (nd_script_plan(&s, &params)) return;
    test_sound(&s);
    test_cuts(&s);
    test_gradings(&s);
    nd_script_deinit(&s);
}

/* ---- the corpus -------------------------------------------------------------------------- */

static int stop(void *user, const char *what, int64_t done, int64_t total, const char *item)
{
    (void)what, (void)total, (void)item;
    *(int64_t *)user = done;
    return done >= 3;
}

static int n_lines(const char *path)
{
    nd_bytes bytes = {0};
    int n = 0;
    nd_file_read(&bytes, path, 1 << 24, NULL);
    for (size_t i = 0; i < bytes.n; i++) n += bytes.data[i] == '\n';
    nd_bytes_deinit(&bytes);
    return n;
}

/* Stopped after some, started again: what was there is kept, the rest is made. */
static void test_corpus(void)
{
    nd_synth_corpus_counts counts = {0};
    nd_diag diag = {0};
    int64_t n_done = 0;
    nd_progress stopping = {.update = stop, .user = &n_done};
    int rc = nd_synth_corpus(path_of("a"), &few, NULL, &stopping, &diag);
    CHECK("stopped", rc == ND_ECANCELLED && access(path_of("a/corpus.jsonl"), F_OK) != 0, "%d %s",
          rc, diag.text);
    rc = nd_synth_corpus(path_of("a"), &few, &counts, NULL, &diag);
    CHECK("goes_on",
          rc == 0 && counts.n_kept >= n_done && counts.n_kept < counts.n_tracks + counts.n_videos,
          "%d %s, %d kept", rc, diag.text, counts.n_kept);
    CHECK("counts",
          counts.n_videos == N_PAIRS && counts.n_test == 16 && counts.n_val > 0 &&
              counts.n_train + counts.n_val + counts.n_test == N_PAIRS,
          "%d: %d %d %d", counts.n_videos, counts.n_train, counts.n_val, counts.n_test);
    CHECK("pairs", n_lines(path_of("a/corpus.jsonl")) == N_PAIRS, "%d lines",
          n_lines(path_of("a/corpus.jsonl")));
    CHECK("test_tags", n_lines(path_of("a/test_tags.jsonl")) == 16, "%d lines",
          n_lines(path_of("a/test_tags.jsonl")));
    nd_synth_corpus_params other = few;
    other.seed++;
    rc = nd_synth_corpus(path_of("a"), &other, NULL, NULL, &diag);
    CHECK("other_seed_is_refused", rc == ND_EVERSION && strstr(diag.text, "truth.json"), "%d %s",
          rc, diag.text);
}

/* Some items on their own, from the same script: the bytes of the corpus; with other noise of the
 * other medium too, with other noise of their own not. */
static void test_same_bytes(void)
{
    nd_script s;
    nd_script_params params = {.n_tracks = 2,
                               .n_pairs = 8,
                               .n_families = 1,
                               .noise = .2,
                               .seed = 5,
                               .video_seed = 5,
                               .music_seed = 99,
                               .side_px = 96,
                               .fps = 8};
    if (nd_script_plan(&s, &params)) return;
    char *name = nd_made_video_name(&s, 3), *track = nd_made_track_name(&s, 2);
    char *file = nd_path_join(path_of("a"), name), *sound = nd_path_join(path_of("a"), track);
    int rc = nd_made_video_render(path_of("v.mp4"), &s, 3, NULL);
    CHECK("video_leaves_music_noise_alone", rc == 0 && same_file(path_of("v.mp4"), file), "%d %s",
          rc, file);
    s.params.video_seed = 99;
    rc = nd_made_video_render(path_of("v.mp4"), &s, 3, NULL);
    CHECK("video_follows_its_noise", rc == 0 && !same_file(path_of("v.mp4"), file), "%d", rc);
    const char *ending = strrchr(track, '.');
    char again[32];
    snprintf(again, sizeof again, "t%s", ending);
    rc = nd_made_track_render(path_of(again), &s, 2, NULL);
    CHECK("music_follows_its_noise", rc == 0 && !same_file(path_of(again), sound), "%d", rc);
    s.params.music_seed = 5;
    rc = nd_made_track_render(path_of(again), &s, 2, NULL);
    CHECK("music_leaves_video_noise_alone", rc == 0 && same_file(path_of(again), sound), "%d %s",
          rc, sound);
    free(name);
    free(track);
    free(file);
    free(sound);
    nd_script_deinit(&s);
}

int main(void)
{
    if (!mkdtemp(folder)) return 1;
    test_wrong_params();
    test_recall();
    test_scripts();
    test_renderers();
    test_corpus();
    test_same_bytes();
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", folder);
    CHECK("folder_removed", system(command) == 0, "%s", folder);
    TEST_END();
}
