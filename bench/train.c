/* Training steps of the music Conformer, beside PyTorch on the same machine in the same run.
 *
 * results: Clips a second by the median step: forward with dropout, cross-entropy over 663 classes,
 * results: backward, the gradient cut to length 3, Adam. PyTorch is Debian's, with foreach Adam
 * results: and memory kept; its matrix products go through a generic BLAS as it comes, and through
 * results: oneDNN by a preloaded `sgemm_` (bench/shim). The ratio is to the faster of the two.
 * results: GFLOP/s count the products of the formulas (backward twice forward); the second
 * results: convolution needs 0.5625 of its own. The peak is dnnl_sgemm's at 2048 x 2048 x 2048 on
 * results: as many threads, in this run. Memory: ours, parameters, gradients, moments,
 * results: activations; PyTorch's, the whole process. */
#include "conformer.h"

int main(int argc, char **argv)
{
    bench_main(argc > 1 ? argv[1] : "build", true);
    return 0;
}
