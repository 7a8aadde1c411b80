/* Values out of a configuration, each checked; the first that is wrong is told. */
#ifndef ND_EMBED_CONFIG_H
#define ND_EMBED_CONFIG_H

#include <jansson.h>

#include "base/base.h"

typedef struct nd_config {
    const json_t *object;
    const char *part; /* for messages: "music" */
    nd_diag *diag;
    int rc; /* 0, or ND_EFORMAT once a value was wrong */
} nd_config;

/** A whole number in lo .. hi; missing where the key is absent. A wrong one sets rc and the
 *  diagnostic (key, what was expected, what was found) and gives lo. */
int64_t nd_config_int(nd_config *c, const char *key, int64_t lo, int64_t hi, int64_t missing);

/** A number in lo .. hi, likewise. */
double nd_config_real(nd_config *c, const char *key, double lo, double hi, double missing);

/** Which of the choices (NULL last) a text is; 0 where the key is absent. */
int nd_config_choice(nd_config *c, const char *key, const char *const *choices);

#endif
