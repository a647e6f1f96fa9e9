// ---------------------------------------------------------------- pooling
// A window at each of oh x ow positions of images (n, h, w, c), as in kernels.cu, but channel by
// channel.

// see(row, column) for each pixel that the window at a place (image, i, j) sees, row by row.
template <typename N, typename See>
__device__ void each_pixel(N place, const Windows<N>& a, See see) {
    const N j = place % a.ow, i = place / a.ow % a.oh;
    for (N u = 0; u < a.kh; ++u) {
        const N row = a.sh * i + a.dh * u - a.ph;
        if (row < 0 || row >= a.h) continue;
        for (N v = 0; v < a.kw; ++v) {
            const N column = a.sw * j + a.dw * v - a.pw;
            if (column >= 0 && column < a.w) see(row, column);
        }
    }
}

// [E.MAXPOOL]  y = the largest pixel of each window, winner = where it lies: row * w + column, the
// first of several equal ones. A NaN is larger than all, the last of several NaN the largest. What
// lies outside does not take part.
template <typename T, typename N>
__device__ void max_pool(const T* x, T* y, long long* winner, N n, Windows<N> a) {
    EACH(k, n * a.oh * a.ow * a.c) {
        const N c = k % a.c, place = k / a.c, image = place / (a.ow * a.oh);
        T best = 0;
        N at = -1;
        each_pixel(place, a, [&](N row, N column) {
            const T value = x[((image * a.h + row) * a.w + column) * a.c + c];
            if (at >= 0 && !(value > best) && value == value) return;
            best = value;
            at = row * a.w + column;
        });
        y[k] = best;
        winner[k] = at;
    }
}

// What z has at each window's winner
template <typename T, typename N>
__device__ void pick_winners(const T* z, const long long* winner, T* picked, N n, Windows<N> a) {
    EACH(k, n * a.oh * a.ow * a.c) {
        const N image = k / (a.oh * a.ow * a.c);
        picked[k] = z[(image * a.h * a.w + winner[k]) * a.c + k % a.c];
    }
}

// [E.AVGPOOL]  y = the sum of each window, of which the mean is made
template <typename T, typename N>
__device__ void window_sum(const T* x, T* y, N n, Windows<N> a) {
    EACH(k, n * a.oh * a.ow * a.c) {
        const N c = k % a.c, place = k / a.c, image = place / (a.ow * a.oh);
        T sum = 0;
        each_pixel(place, a, [&](N row, N column) {
            sum += x[((image * a.h + row) * a.w + column) * a.c + c];
        });
        y[k] = sum;
    }
}

// The adjoint of window_sum: wide = the sum of y over all windows that see a pixel. With winner,
// that of pick_winners: over the windows alone whose winner it is.
template <typename T, typename N>
__device__ void window_spread(const T* y, const long long* winner, T* wide, N n, Windows<N> a) {
    EACH(k, n * a.h * a.w * a.c) {
        const N c = k % a.c, pixel = k / a.c;
        const N column = pixel % a.w, row = pixel / a.w % a.h, image = pixel / (a.w * a.h);
        wide[k] = sum_over_windows<T>(image, row, column, a, [&](N window, N) {
            const N from = window * a.c + c;
            return !winner || winner[from] == row * a.w + column ? y[from] : T(0);
        });
    }
}

ENTRY_POINTS(max_pool, (const T* x, T* y, long long* winner, N n, WINDOWS),
             (x, y, winner, n, AS_WINDOWS))
ENTRY_POINTS(pick_winners,
             (const T* z, const long long* winner, T* picked, N n, WINDOWS),
             (z, winner, picked, n, AS_WINDOWS))
ENTRY_POINTS(window_sum, (const T* x, T* y, N n, WINDOWS), (x, y, n, AS_WINDOWS))
ENTRY_POINTS(window_spread,
             (const T* y, const long long* winner, T* wide, N n, WINDOWS),
             (y, winner, wide, n, AS_WINDOWS))
