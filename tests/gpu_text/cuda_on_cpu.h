// As much of CUDA C as kernels.cu needs, so that a C++ compiler takes its text as it stands. A
// launch is a loop over all threads of all blocks; a kernel without barriers cannot tell.
#include <math.h>

#define __global__
#define __device__

struct Index { unsigned x, y, z; };
static Index threadIdx, blockIdx, blockDim = {1, 1, 1}, gridDim = {1, 1, 1};

// backwards: the last thread first, which must make no difference.
#define LAUNCH(call)                                                                           \
    gridDim.x = grid, blockDim.x = block;                                                      \
    for (unsigned b = 0; b < grid; ++b)                                                        \
        for (unsigned k = 0; k < block; ++k) {                                                 \
            blockIdx.x = backwards ? grid - 1 - b : b;                                         \
            threadIdx.x = backwards ? block - 1 - k : k;                                       \
            call;                                                                              \
        }
