/* [E.LSTM] over all steps, for the examples begin..end of a batch, in float32.

   An example's sums are always taken in the same order, so that its result depends neither on how
   many threads share the batch nor on the other examples. Weights come packed, in the order in
   which they are read, and are packed once for all steps.

   Arrays: x (steps, n, in); h0, gh, gc (n, hidden); gates, ga (steps, n, 4, hidden), in the order
   i, f, g, o; cells (steps + 1, n, hidden), from the state before; tanh_cells (steps, n, hidden);
   y, gy (steps + 2, n, hidden): the last two are h and c after the last step; lengths (n,) or null:
   after its length a sequence keeps its state and puts out 0. hidden is a multiple of 2 LANES; units
   beyond the first ``real`` fill the last vectors: forward no other unit reads them, and backward
   their gates, cells and tanh_cells are to be 0. */
#include <stdint.h>

#if defined(__AVX512F__)
#define BYTES 64 /* of a vector */
#define ROWS 8   /* examples at a time: with their sums the registers are well filled */
#elif defined(__AVX__)
#define BYTES 32
#define ROWS 4
#else
#define BYTES 16
#define ROWS 8
#endif
#define FEW 4    /* examples at a time where there are fewer */
#define LANES (BYTES / 4)
#define INLINE static inline __attribute__((always_inline))

typedef float Vector __attribute__((vector_size(BYTES)));
typedef float Anywhere __attribute__((vector_size(BYTES), aligned(4), may_alias));
typedef int32_t Whole __attribute__((vector_size(BYTES)));
typedef int64_t N;

N lanes(void) { return LANES; }

INLINE Vector load(const float *from) { return *(const Anywhere *)from; }
INLINE void store(float *to, Vector x) { *(Anywhere *)to = x; }
INLINE Vector all(float x) { return x - (Vector){0}; }
INLINE Vector choose(Whole which, Vector yes, Vector no) {
    return (Vector)((which & (Whole)yes) | (~which & (Whole)no));
}

/* ---------------------------------------------------------------- tanh and the logistic sigmoid */

/* e^x - 1 = 2^n (e^r - 1) + (2^n - 1), with x = n ln 2 + r, |r| <= ln 2 / 2, and the Taylor series of
   e^r - 1: right to two units in the last place, next to 0 as well. x is held within +-bound, NaN
   stays NaN. ln 2 is taken away in two parts, of which n times the first is exact. */
INLINE Vector exp_minus_1(Vector x, float bound) {
    const float whole = 12582912.0f; /* 1.5 2^23: added and taken away again, it leaves no fraction */
    x = choose(x > bound, all(bound), x);
    x = choose(x < -bound, all(-bound), x);
    Vector n = (x * 1.44269504f + whole) - whole;
    Vector r = x - n * 0.693145752f - n * 1.42860677e-6f;
    Vector series = all(1.0f / 5040);
    series = series * r + 1.0f / 720;
    series = series * r + 1.0f / 120;
    series = series * r + 1.0f / 24;
    series = series * r + 1.0f / 6;
    series = series * r + 1.0f / 2;
    series = series * r * r + r;
    Vector power = (Vector)((__builtin_convertvector(n, Whole) + 127) << 23);
    return power * series + (power - 1.0f);
}

/* tanh x = (e^2x - 1) / (e^2x + 1), right to three units in the last place, and never beyond 1 */
INLINE Vector tanh_of(Vector x) {
    Vector e = exp_minus_1(2.0f * x, 20.0f);
    return e / (e + 2.0f);
}

/* 1 / (1 + e^-x), right to three units in the last place, and 0 below -87 */
INLINE Vector sigmoid(Vector x) {
    return choose(x < -87.0f, all(0), 1.0f / (exp_minus_1(-x, 87.0f) + 2.0f));
}

/* Both of them alone, for the tests. */
void tanh_and_sigmoid(const float *x, float *tanh_x, float *sigmoid_x, N size) {
    for (N k = 0; k < size; k += LANES) {
        store(tanh_x + k, tanh_of(load(x + k)));
        store(sigmoid_x + k, sigmoid(load(x + k)));
    }
}

/* ---------------------------------------------------------------- products */

/* sums[r] += the sum over k of a[r, k] panel[k]: two vectors of columns, which stay in registers */
INLINE void multiply(int rows, Vector sums[][2], const float *a, N stride, const Vector *panel,
                     N terms) {
    for (N k = 0; k < terms; k++) {
        const Vector left = panel[2 * k], right = panel[2 * k + 1];
        for (int r = 0; r < rows; r++) {
            const Vector x = all(a[r * stride + k]);
            sums[r][0] += x * left;
            sums[r][1] += x * right;
        }
    }
}

/* Two gates, of LANES units, before their nonlinearity: b + W x + U h; the panel holds b, W, U. */
INLINE void two_gates(int rows, const float *x, const float *h, const Vector *panel, float *gates,
                      N in, N hidden, N real) {
    Vector sums[ROWS][2];
    for (int r = 0; r < rows; r++) sums[r][0] = panel[0], sums[r][1] = panel[1];
    multiply(rows, sums, x, in, panel + 2, in);
    multiply(rows, sums, h, hidden, panel + 2 + 2 * in, real);
    for (int r = 0; r < rows; r++) {
        store(gates + r * 4 * hidden, sums[r][0]);
        store(gates + r * 4 * hidden + hidden, sums[r][1]);
    }
}

/* gh of 2 LANES units: U^T ga of the step after */
INLINE void gh_of(int rows, const float *ga, const Vector *panel, float *gh, N hidden) {
    Vector sums[ROWS][2];
    for (int r = 0; r < rows; r++) sums[r][0] = sums[r][1] = all(0);
    multiply(rows, sums, ga, 4 * hidden, panel, 4 * hidden);
    for (int r = 0; r < rows; r++) {
        store(gh + r * hidden, sums[r][0]);
        store(gh + r * hidden + LANES, sums[r][1]);
    }
}

/* For the examples begin..end, as many at a time as there are registers for: DO(rows, e). The last
   ones overlap those before, and compute the same once more, rather than be taken one by one. */
#define TAKE(rows, DO)                                    \
    for (N next = begin, e; next < end; next += rows) {   \
        e = next + rows <= end ? next : end - rows;       \
        DO(rows, e);                                      \
    }
#define EXAMPLES(DO)                                                     \
    if (end - begin >= ROWS) {                                           \
        TAKE(ROWS, DO)                                                   \
    } else if (end - begin >= FEW) {                                     \
        TAKE(FEW, DO)                                                    \
    } else {                                                             \
        TAKE(1, DO)                                                      \
    }

/* ---------------------------------------------------------------- forward */

/* From the arguments of the four gates, of LANES units, to c_t = f c_{t-1} + i g and
   h_t = o tanh c_t. */
INLINE void cell(float *gates, const float *before, float *c, float *tanh_c, float *y, int over,
                 N hidden) {
    const Vector i = sigmoid(load(gates)), f = sigmoid(load(gates + hidden));
    const Vector g = tanh_of(load(gates + 2 * hidden)), o = sigmoid(load(gates + 3 * hidden));
    const Vector c_t = f * load(before) + i * g, tanh_c_t = tanh_of(c_t);
    store(gates, i);
    store(gates + hidden, f);
    store(gates + 2 * hidden, g);
    store(gates + 3 * hidden, o);
    store(c, over ? load(before) : c_t);
    store(tanh_c, tanh_c_t);
    store(y, over ? all(0) : o * tanh_c_t);
}

/* packed (hidden / LANES, 2, 1 + in + real, 2 LANES): for LANES units, first for i and f and then
   for g and o, the rows of b, W^T and U^T. cells[0] is the state before. */
void lstm_forward(const float *x, const float *h0, const float *packed, const N *lengths,
                  float *gates, float *cells, float *tanh_cells, float *y, N steps, N n, N in,
                  N hidden, N real, N begin, N end) {
    const N state = n * hidden, terms = 1 + in + real;
    for (N t = 0; t < steps; t++) {
        const float *h = t ? y + (t - 1) * state : h0;
        for (N unit = 0; unit < hidden; unit += LANES) {
            for (N pair = 0; pair < 4; pair += 2) {
                const Vector *panel = (const Vector *)(packed + (4 * unit + pair * LANES) * terms);
                const float *x_t = x + t * n * in;
                float *a = gates + (t * n * 4 + pair) * hidden + unit;
#define GATES(rows, e) \
    two_gates(rows, x_t + e * in, h + e * hidden, panel, a + e * 4 * hidden, in, hidden, real)
                EXAMPLES(GATES)
            }
            for (N e = begin; e < end; e++) {
                const N at = (t * n + e) * hidden + unit;
                cell(gates + (t * n + e) * 4 * hidden + unit, cells + at, cells + at + state,
                     tanh_cells + at, y + at, lengths && t >= lengths[e], hidden);
            }
        }
    }
    for (N e = begin; e < end; e++) {
        const N last = (lengths ? lengths[e] : steps) - 1;
        for (N at = e * hidden; at < (e + 1) * hidden; at++) {
            y[steps * state + at] = y[last * state + at];
            y[(steps + 1) * state + at] = cells[steps * state + at];
        }
    }
}

/* ---------------------------------------------------------------- backward */

/* gc += gh o (1 - tanh^2 c), ga = (gc g, gc c_{t-1}, gc i, gh tanh c) times the gates' slopes, and
   gc f for the step before, of LANES units. */
INLINE void cell_backward(Vector gh, const float *gates, const float *before, const float *tanh_c,
                          float *ga, float *gc, N hidden) {
    const Vector i = load(gates), f = load(gates + hidden), g = load(gates + 2 * hidden);
    const Vector o = load(gates + 3 * hidden), tanh_c_t = load(tanh_c);
    const Vector gc_t = load(gc) + gh * o * (1.0f - tanh_c_t * tanh_c_t);
    store(ga, gc_t * g * i * (1.0f - i));
    store(ga + hidden, gc_t * load(before) * f * (1.0f - f));
    store(ga + 2 * hidden, gc_t * i * (1.0f - g * g));
    store(ga + 3 * hidden, gh * tanh_c_t * o * (1.0f - o));
    store(gc, gc_t * f);
}

/* packed (hidden / 2 LANES, 4 hidden, 2 LANES): for 2 LANES units, the rows of U. gc comes in as the
   gradient of the last c; gh and gc leave as those of the first h and c. */
void lstm_backward(const float *gy, const float *packed, const N *lengths, const float *gates,
                   const float *cells, const float *tanh_cells, float *ga, float *gh, float *gc,
                   N steps, N n, N hidden, N begin, N end) {
    const N state = n * hidden;
    for (N t = steps - 1; t >= -1; t--) {
        for (N unit = 0; unit < hidden; unit += 2 * LANES) {
            if (t < steps - 1) {
                const Vector *panel = (const Vector *)(packed + unit * 4 * hidden);
                const float *ga_after = ga + (t + 1) * 4 * state;
#define GH(rows, e) \
    gh_of(rows, ga_after + e * 4 * hidden, panel, gh + e * hidden + unit, hidden)
                EXAMPLES(GH)
            }
            for (N e = begin; t >= 0 && e < end; e++) {
                const N length = lengths ? lengths[e] : steps;
                for (N k = unit; k < unit + 2 * LANES; k += LANES) {
                    const N own = e * hidden + k, at = t * state + own;
                    float *ga_t = ga + (t * n + e) * 4 * hidden + k;
                    if (t >= length) {
                        for (N gate = 0; gate < 4; gate++) store(ga_t + gate * hidden, all(0));
                        continue;
                    }
                    /* from the step after, or after a sequence's last from its state there */
                    const float *after = t == length - 1 ? gy + steps * state + own : gh + own;
                    cell_backward(load(after) + load(gy + at), ga_t - ga + gates, cells + at,
                                  tanh_cells + at, ga_t, gc + own, hidden);
                }
            }
        }
    }
}
