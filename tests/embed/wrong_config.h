/* Configurations that lie: each is refused with its key named, and nothing is made. */
#ifndef TEST_WRONG_CONFIG_H
#define TEST_WRONG_CONFIG_H

#include "../test.h"

#include "embed/embed.h"

typedef struct {
    const char *name, *config, *key;
} wrong_config;

/* Make something of a configuration. @return the error; *is_made_out: whether there is an object */
typedef int create_of_config(const json_t *config, bool *is_made_out, nd_diag *diag);

static inline void check_wrong_configs(const wrong_config *wrong, size_t n,
                                       create_of_config *create, const char *what)
{
    for (size_t i = 0; i < n; i++) {
        json_t *config = json_loads(wrong[i].config, 0, NULL);
        bool is_made = false;
        nd_diag diag = {0};
        ND_ASSERT(config);
        int rc = create(config, &is_made, &diag);
        CHECK(wrong[i].name,
              rc == ND_EFORMAT && !is_made && strstr(diag.text, wrong[i].key) &&
                  strstr(diag.text, what),
              "%d, %s", rc, diag.text);
        json_decref(config);
    }
}

static inline int create_network(const json_t *config, bool *is_made_out, nd_diag *diag)
{
    nd_network *n = NULL;
    int rc = nd_network_create(&n, config, "music", diag);
    *is_made_out = n;
    return rc;
}

#endif
