// What a training step on the device computes beside matrix products, in plain CUDA C.
//
// Arrays are contiguous; their shapes stand in kernels.py, which loads this text and checks what
// it passes. Every output number has one thread that gathers what it needs: there are no atomic
// additions, so the same input gives the same bits. What changes from step to step (step size,
// step count, position in the random stream) is read from device memory: a captured graph replays
// the arguments that it was captured with. Each kernel has four entry points: _float32, _float64,
// and both again with _far, for arrays that are too large to count in 32 bits: dividing by a number
// of 64 bits takes a hundred instructions, and each index is made by several divisions.

namespace near32 { typedef float T; typedef int N; }
namespace near64 { typedef double T; typedef int N; }
namespace far32 { typedef float T; typedef long long N; }
namespace far64 { typedef double T; typedef long long N; }

#define ENTRY(space, entry, name, parameters, arguments)                                       \
    namespace space { extern "C" __global__ void entry parameters { name<T, N> arguments; } }
#define ENTRY_POINTS(name, parameters, arguments)                                              \
    ENTRY(near32, name##_float32, name, parameters, arguments)                                 \
    ENTRY(near64, name##_float64, name, parameters, arguments)                                 \
    ENTRY(far32, name##_float32_far, name, parameters, arguments)                              \
    ENTRY(far64, name##_float64_far, name, parameters, arguments)

// For each i in 0..count-1, shared out to all threads of the grid, however many there are.
#define EACH(i, count)                                                                         \
    for (N i = N(blockIdx.x) * N(blockDim.x) + N(threadIdx.x); i < (count);                    \
         i += N(gridDim.x) * N(blockDim.x))

// ---------------------------------------------------------------- random numbers
// Philox4x32-10: J. K. Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC 2011.

struct Words { unsigned a, b, c, d; };

// Ten rounds of  (a, b, c, d) -> (hi(M1 c) ^ b ^ key0, lo(M1 c), hi(M0 a) ^ d ^ key1, lo(M0 a)).
__device__ inline Words philox(Words x, unsigned key0, unsigned key1) {
    const int rounds = 10;
    for (int round = 0; round < rounds; ++round) {
        const unsigned long long p = 0xD2511F53ull * x.a, q = 0xCD9E8D57ull * x.c;
        x = Words{(unsigned)(q >> 32) ^ x.b ^ key0, (unsigned)q,
                  (unsigned)(p >> 32) ^ x.d ^ key1, (unsigned)p};
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
    return x;
}

// The four words at a position of the stream: the position is the counter, the seed the key.
__device__ inline Words words_at(unsigned long long position, unsigned long long seed) {
    const Words counter = {(unsigned)position, (unsigned)(position >> 32), 0, 0};
    return philox(counter, (unsigned)seed, (unsigned)(seed >> 32));
}

// Four numbers of 24 bits, or two of 53, uniform on [0, 1).
__device__ inline void to_uniform(Words x, float (&u)[4]) {
    const float unit = 1.0f / 16777216.0f;  // 2^-24
    u[0] = (x.a >> 8) * unit;
    u[1] = (x.b >> 8) * unit;
    u[2] = (x.c >> 8) * unit;
    u[3] = (x.d >> 8) * unit;
}

__device__ inline double join(unsigned high, unsigned low) {
    return ((high >> 5) * 67108864.0 + (low >> 6)) / 9007199254740992.0;  // 2^26, 2^53
}

__device__ inline void to_uniform(Words x, double (&u)[2]) {
    u[0] = join(x.a, x.b);
    u[1] = join(x.c, x.d);
}

// u -> (r cos a, r sin a), pair by pair: r = sqrt(-2 log(1 - u)), a = 2 pi u'. Box and Muller 1958.
// 1 - u is in (0, 1], so the logarithm is finite.
template <typename T, int each> __device__ void to_normal(T (&u)[each]) {
    for (int k = 0; k < each; k += 2) {
        const T r = sqrt(T(-2) * log(T(1) - u[k])), angle = T(6.283185307179586) * u[k + 1];
        u[k] = r * cos(angle);
        u[k + 1] = r * sin(angle);
    }
}

// out[each p + k] = number k at position offset + p.
template <typename T, typename N, bool normal>
__device__ void draw(T* out, const long long* offset, N n, unsigned long long seed) {
    const int each = 16 / sizeof(T);
    const unsigned long long first = *offset;
    EACH(p, (n + each - 1) / each) {
        T u[each];
        to_uniform(words_at(first + p, seed), u);
        if (normal) to_normal(u);
        for (int k = 0; k < each; ++k)
            if (each * p + k < n) out[each * p + k] = u[k];
    }
}

template <typename T, typename N>
__device__ void philox_uniform(T* out, const long long* offset, N n, unsigned long long seed) {
    draw<T, N, false>(out, offset, n, seed);
}

template <typename T, typename N>
__device__ void philox_normal(T* out, const long long* offset, N n, unsigned long long seed) {
    draw<T, N, true>(out, offset, n, seed);
}

#define DRAW (T* out, const long long* offset, N n, unsigned long long seed)
ENTRY_POINTS(philox_uniform, DRAW, (out, offset, n, seed))
ENTRY_POINTS(philox_normal, DRAW, (out, offset, n, seed))

// counter += by. A kernel of its own: while others still read the counter it must not move.
extern "C" __global__ void advance(long long* counter, long long by) {
    if (blockIdx.x == 0 && threadIdx.x == 0) *counter += by;
}

// ---------------------------------------------------------------- update rules
// [E.ADAM]  m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2,
//           theta = theta - alpha m / (sqrt(v) + epsilon)
template <typename T, typename N>
__device__ void adam(T* theta, const T* g, T* m, T* v, const double* alpha, N n,
                     double beta1, double beta2, double epsilon) {
    const T a = T(*alpha), b1 = T(beta1), b2 = T(beta2), e = T(epsilon);
    const T new1 = T(1 - beta1), new2 = T(1 - beta2);
    EACH(i, n) {
        const T mean = b1 * m[i] + new1 * g[i];
        const T square = b2 * v[i] + g[i] * g[i] * new2;
        m[i] = mean;
        v[i] = square;
        theta[i] -= a * mean / (sqrt(square) + e);
    }
}

ENTRY_POINTS(adam,
             (T* theta, const T* g, T* m, T* v, const double* alpha, N n, double beta1,
              double beta2, double epsilon),
             (theta, g, m, v, alpha, n, beta1, beta2, epsilon))

// left = (1 - beta1^t, 1 - beta2^t), once a step rather than in each thread of the next kernel. In
// double: with beta2 = 0.999 and t = 1 the difference is 0.001, three digits of beta2 gone.
extern "C" __global__ void bias_corrections(const long long* t, double* left, double beta1,
                                            double beta2) {
    if (blockIdx.x != 0 || threadIdx.x != 0) return;
    left[0] = 1 - pow(beta1, (double)*t);
    left[1] = 1 - pow(beta2, (double)*t);
}

// [E.ADAMBC]  m and v as above,  m_hat = m / (1 - beta1^t),  v_hat = v / (1 - beta2^t),
//             theta = theta - alpha m_hat / (sqrt(v_hat) + epsilon);  t counts from 1
template <typename T, typename N>
__device__ void adam_bias_corrected(T* theta, const T* g, T* m, T* v, const double* alpha,
                                    const double* left, N n, double beta1, double beta2,
                                    double epsilon) {
    const T a = T(*alpha), b1 = T(beta1), b2 = T(beta2), e = T(epsilon);
    const T new1 = T(1 - beta1), new2 = T(1 - beta2);
    const T left1 = T(left[0]), left2 = T(left[1]);
    EACH(i, n) {
        const T mean = b1 * m[i] + new1 * g[i];
        const T square = b2 * v[i] + g[i] * g[i] * new2;
        m[i] = mean;
        v[i] = square;
        const T m_hat = mean / left1, v_hat = square / left2;
        theta[i] -= a * m_hat / (sqrt(v_hat) + e);
    }
}

ENTRY_POINTS(adam_bias_corrected,
             (T* theta, const T* g, T* m, T* v, const double* alpha, const double* left, N n,
              double beta1, double beta2, double epsilon),
             (theta, g, m, v, alpha, left, n, beta1, beta2, epsilon))

// ---------------------------------------------------------------- LSTM
// [E.LSTM]  i, f, o = sigma(.), g = tanh(.),  c = f c_before + i g,  h = o tanh c
// a: what the gates are functions of, halved for i, f and o: sigma(x) = (1 + tanh(x / 2)) / 2. The
// gates take its place. A sequence with lengths <= t is over: it keeps c and state, and puts out 0.
template <typename T, typename N>
__device__ void lstm_cell_forward(T* a, const T* c_before, T* c, T* tanh_c, T* state, T* y_t,
                                  const long long* lengths, N hidden, N n, N t) {
    const T half = T(0.5);
    const N size = hidden * n;
    EACH(k, size) {
        const N unit = k / n, example = k % n;
        const T i = tanh(a[k]) * half + half, f = tanh(a[size + k]) * half + half;
        const T g = tanh(a[2 * size + k]), o = tanh(a[3 * size + k]) * half + half;
        a[k] = i;
        a[size + k] = f;
        a[2 * size + k] = g;
        a[3 * size + k] = o;
        const T before = c_before[k], cell = f * before + i * g, tanh_cell = tanh(cell);
        const T h = o * tanh_cell;
        tanh_c[k] = tanh_cell;
        const bool over = lengths && lengths[example] <= t;
        c[k] = over ? before : cell;
        if (!over) state[k] = h;
        y_t[example * hidden + unit] = over ? T(0) : h;
    }
}

ENTRY_POINTS(lstm_cell_forward,
             (T* a, const T* c_before, T* c, T* tanh_c, T* state, T* y_t,
              const long long* lengths, N hidden, N n, N t),
             (a, c_before, c, tanh_c, state, y_t, lengths, hidden, n, t))

// [E.LSTM] backwards, all of a step but the products with the weights:
//     gh = gh_next + gy_t,  gc = gc + gh o (1 - tanh^2 c),
//     ga = (gc g, gc c_before, gc i, gh tanh c) times the slopes,  gc = gc f for the step before.
// gh_next is U^T ga of step t + 1. Where a sequence is over at t + 1 nothing came from there, and
// the gradient of its last state, gh_last, takes the place of gh_next; it never changes while the
// sequence is over, so nothing has to be kept and put back. Where it is over at t, ga is 0 and gc
// stays. All lengths are in 1..steps, so that after t = 0 U^T ga is the gradient of the first h.
template <typename T, typename N>
__device__ void lstm_cell_backward(const T* gates, const T* tanh_c, const T* c_before,
                                   const T* gy_t, const T* gh_next, const T* gh_last, T* gc, T* ga,
                                   T* ga_t, const long long* lengths, N hidden,
                                   N n, N t) {
    const T one = T(1);
    const N size = hidden * n;
    EACH(k, size) {
        const N unit = k / n, example = k % n;
        const long long steps_left = lengths ? lengths[example] - t : 2;
        T made[4] = {0, 0, 0, 0};
        if (steps_left > 0) {
            const T i = gates[k], f = gates[size + k], g = gates[2 * size + k];
            const T o = gates[3 * size + k], tc = tanh_c[k];
            const T gh = (steps_left > 1 ? gh_next[k] : gh_last[k]) + gy_t[example * hidden + unit];
            const T cell = gc[k] + (one - tc * tc) * o * gh;
            made[0] = cell * g * (i - i * i);
            made[1] = cell * c_before[k] * (f - f * f);
            made[2] = cell * i * (one - g * g);
            made[3] = gh * tc * (o - o * o);
            gc[k] = cell * f;
        }
        for (int gate = 0; gate < 4; ++gate) {
            ga[gate * size + k] = made[gate];
            ga_t[(4 * example + gate) * hidden + unit] = made[gate];
        }
    }
}

ENTRY_POINTS(lstm_cell_backward,
             (const T* gates, const T* tanh_c, const T* c_before, const T* gy_t, const T* gh_next,
              const T* gh_last, T* gc, T* ga, T* ga_t, const long long* lengths, N hidden,
              N n, N t),
             (gates, tanh_c, c_before, gy_t, gh_next, gh_last, gc, ga, ga_t, lengths, hidden, n, t))

// ---------------------------------------------------------------- convolution
// A kernel of kh x kw taps over images (n, h, w, c), at oh x ow positions; (s, p, d): stride,
// padding and dilation along rows (h) and columns (w).
template <typename N> struct Windows { N h, w, c, kh, kw, oh, ow, sh, sw, ph, pw, dh, dw; };

// rows[n, i, j, u, v, c] = x[n, s i + d u - p, s j + d v - p, c], 0 outside the image
template <typename T, typename N> __device__ void im2col(const T* x, T* rows, N n, Windows<N> a) {
    EACH(k, n * a.oh * a.ow * a.kh * a.kw * a.c) {
        const N c = k % a.c, tap = k / a.c, place = tap / (a.kw * a.kh);
        const N v = tap % a.kw, u = tap / a.kw % a.kh;
        const N j = place % a.ow, i = place / a.ow % a.oh, image = place / (a.ow * a.oh);
        const N row = a.sh * i + a.dh * u - a.ph, column = a.sw * j + a.dw * v - a.pw;
        const bool inside = row >= 0 && row < a.h && column >= 0 && column < a.w;
        rows[k] = inside ? x[((image * a.h + row) * a.w + column) * a.c + c] : T(0);
    }
}

// The sum of value(window, tap) over all (i, j, u, v) with s i + d u - p = row,
// s j + d v - p = column: the windows that see a pixel, and by which of their taps.
template <typename T, typename N, typename Value>
__device__ T sum_over_windows(N image, N row, N column, const Windows<N>& a, Value value) {
    T sum = 0;
    for (N u = 0; u < a.kh; ++u) {
        const N down = row + a.ph - a.dh * u, i = down / a.sh;
        if (down < 0 || down % a.sh != 0 || i >= a.oh) continue;
        for (N v = 0; v < a.kw; ++v) {
            const N along = column + a.pw - a.dw * v, j = along / a.sw;
            if (along < 0 || along % a.sw != 0 || j >= a.ow) continue;
            sum += value((image * a.oh + i) * a.ow + j, u * a.kw + v);
        }
    }
    return sum;
}

// x[n, row, column, c] = the sum of what the windows that see a pixel hold for it
template <typename T, typename N> __device__ void col2im(const T* rows, T* x, N n, Windows<N> a) {
    EACH(k, n * a.h * a.w * a.c) {
        const N c = k % a.c, pixel = k / a.c;
        const N column = pixel % a.w, row = pixel / a.w % a.h, image = pixel / (a.w * a.h);
        x[k] = sum_over_windows<T>(image, row, column, a, [&](N window, N tap) {
            return rows[(window * a.kh * a.kw + tap) * a.c + c];
        });
    }
}

#define WINDOWS                                                                                \
    N h, N w, N c, N kh, N kw, N oh, N ow, N sh, N sw, N ph, N pw, N dh, N dw
#define AS_WINDOWS Windows<N>{h, w, c, kh, kw, oh, ow, sh, sw, ph, pw, dh, dw}

ENTRY_POINTS(im2col, (const T* x, T* rows, N n, WINDOWS), (x, rows, n, AS_WINDOWS))
ENTRY_POINTS(col2im, (const T* rows, T* x, N n, WINDOWS), (rows, x, n, AS_WINDOWS))

// ---------------------------------------------------------------- likelihood
// [E.BERNOULLI]  y = x l - log(1 + e^l) = (x - 1/2) l - |l| / 2 - log(1 + e^-|l|)
template <typename T, typename N>
__device__ void bernoulli_logits(const T* x, const T* logits, T* y, N n) {
    EACH(i, n) {
        const T l = logits[i], size = l < T(0) ? -l : l;
        y[i] = (x[i] - T(0.5)) * l - T(0.5) * size - log1p(exp(-size));
    }
}

ENTRY_POINTS(bernoulli_logits, (const T* x, const T* logits, T* y, N n),
             (x, logits, y, n))

// [E.BERNOULLI]  gl = gy (x - sigma(l))
template <typename T, typename N>
__device__ void bernoulli_logits_gradient(const T* gy, const T* x, const T* logits, T* gl,
                                          N n) {
    EACH(i, n) {
        const T p = tanh(logits[i] * T(0.5)) * T(0.5) + T(0.5);
        gl[i] = gy[i] * (x[i] - p);
    }
}

ENTRY_POINTS(bernoulli_logits_gradient,
             (const T* gy, const T* x, const T* logits, T* gl, N n), (gy, x, logits, gl, n))
