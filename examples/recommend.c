/* recommend LIBRARY VIDEO: the library in a screenful.
 *   cc recommend.c $(pkg-config --cflags --libs needledrop) -o recommend */
#include <needledrop/needledrop.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    nd_library *library = NULL;
    nd_ranking *ranking = NULL;
    nd_diag diag = {0};
    if (argc != 3) return fprintf(stderr, "usage: recommend LIBRARY VIDEO\n"), 2;
    int rc = nd_library_open(&library, argv[1], ND_OPEN_READ, &diag);
    if (!rc) rc = nd_recommend(&ranking, &library, 1, argv[2], NULL, &diag);
    if (rc) fprintf(stderr, "%s\n", diag.text);
    for (int i = 0; ranking && i < ranking->n_hits; i++)
        printf("%s from %.2f s: %s\n", ranking->hits[i].path, ranking->hits[i].start_s,
               ranking->hits[i].why);
    nd_ranking_destroy(&ranking);
    nd_library_close(&library);
    return rc ? 1 : 0;
}
