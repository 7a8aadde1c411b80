/* Targets of extractors that know nothing of each other: each thing said in one line of each file,
 * and families that cut through scenes. */
#include "../test.h"

#include "learn/tag_synonyms.h"
#include "synth/script.h"

static void read_targets(nd_tag_synonyms *out, nd_synth_world world, nd_target_kind kind)
{
    char *text = nd_script_targets(world, kind);
    nd_diag diag = {0};
    ND_ASSERT(text != NULL);
    int rc = nd_tag_synonyms_parse(out, text, strlen(text), "targets", &diag);
    CHECK("a file of targets", rc == 0, "%s", diag.text);
    free(text);
}

/* Number of the line that a thing said lies in; -1: in none. */
static int line_of(const nd_tag_synonyms *s, const char *said)
{
    char key[ND_TAG_BYTES];
    nd_tag_key(key, said);
    const nd_tag_group *g = nd_tag_synonyms_find(s, key);
    return g ? g->line - 1 : -1;
}

/* What is said of a concept in a wording, piece by piece: lines of the first piece that has one. */
static int line_of_concept(const nd_tag_synonyms *s, nd_synth_world world, int concept, int wording)
{
    json_t *words = nd_script_words(world, (nd_script_tags){concept, wording, -1});
    int line = -1;
    for (size_t i = 0; i < json_array_size(words) && line < 0; i++)
        line = line_of(s, json_string_value(json_array_get(words, i)));
    json_decref(words);
    return line;
}

static void check_people(void)
{
    nd_tag_synonyms scenes = {0}, families = {0};
    int wrong = 0, cut = 0;
    read_targets(&scenes, ND_WORLD_COLLECTED, ND_TARGET_SCENE);
    read_targets(&families, ND_WORLD_COLLECTED, ND_TARGET_FAMILY);
    CHECK("eight scenes, six families", scenes.n_groups == 8 && families.n_groups == 6, "%zu, %zu",
          scenes.n_groups, families.n_groups);
    for (int c = 0; c < ND_CONCEPTS; c++)
        for (int w = 0; w < 3; w++) {
            wrong += line_of_concept(&scenes, ND_WORLD_COLLECTED, c, w) != c / ND_SCRIPT_MOODS;
            wrong += line_of_concept(&families, ND_WORLD_COLLECTED, c, w) !=
                     (5 * c + 2 * (c / 8)) % 6;
        }
    CHECK("each wording in its line", wrong == 0, "%d are not", wrong);
    for (int c = 0; c < ND_CONCEPTS; c += ND_SCRIPT_MOODS)
        cut += line_of_concept(&families, ND_WORLD_COLLECTED, c, 0) !=
               line_of_concept(&families, ND_WORLD_COLLECTED, c + 1, 0);
    CHECK("families cut through scenes", cut == ND_SCRIPT_SCENES, "%d", cut);
    nd_tag_synonyms_deinit(&scenes);
    nd_tag_synonyms_deinit(&families);
}

static void check_machine(void)
{
    nd_tag_synonyms scenes = {0}, moods = {0};
    int wrong = 0;
    read_targets(&scenes, ND_WORLD_HIMV, ND_TARGET_SCENE);
    read_targets(&moods, ND_WORLD_HIMV, ND_TARGET_FAMILY);
    for (int c = 0; c < ND_CONCEPTS; c++) {
        wrong += line_of_concept(&scenes, ND_WORLD_HIMV, c, 0) != c / ND_SCRIPT_MOODS;
        wrong += line_of_concept(&moods, ND_WORLD_HIMV, c, 0) != c % ND_SCRIPT_MOODS;
    }
    CHECK("a machine's words", scenes.n_groups == 8 && moods.n_groups == 3 && !wrong, "%d", wrong);
    nd_tag_synonyms_deinit(&scenes);
    nd_tag_synonyms_deinit(&moods);
}

int main(void)
{
    check_people();
    check_machine();
    TEST_END();
}
