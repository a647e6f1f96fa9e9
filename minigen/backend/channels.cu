
// ---------------------------------------------------------------- channels
// [E.BATCHNORM]  Images lie as rows of c numbers, one for each channel. What is summed over the
// rows is summed by many threads over stretches of the rows, and then joined in a few rounds,
// always in the same order. Of several parts, part p holds the rows from rows p / parts to
// rows (p + 1) / parts; groups of as many of them each are such parts themselves.

// rows part / parts, in whole numbers, without a product that is larger than rows
template <typename N> __device__ inline N first_row(N part, N rows, N parts) {
    return rows / parts * part + rows % parts * part / parts;
}

// Mean and variance of each part.
template <typename T, typename N>
__device__ void moments_of_parts(const T* x, T* mean, T* var, N rows, N c, N parts) {
    EACH(k, parts * c) {
        const N channel = k % c, part = k / c;
        const N begin = first_row(part, rows, parts), end = first_row(part + 1, rows, parts);
        T sum = 0, spread = 0;
        for (N r = begin; r < end; ++r) sum += x[r * c + channel];
        const T middle = sum / T(end - begin);
        for (N r = begin; r < end; ++r) {
            const T deviation = x[r * c + channel] - middle;
            spread += deviation * deviation;
        }
        mean[k] = middle;
        var[k] = spread / T(end - begin);
    }
}

// Mean and variance of each group of parts from theirs. Chan, Golub and LeVeque 1983, 2.1.
template <typename T, typename N>
__device__ void moments_joined(const T* means, const T* vars, T* mean, T* var, N rows, N c,
                               N parts, N groups) {
    EACH(k, groups * c) {
        const N channel = k % c, each = parts / groups, begin = k / c * each, end = begin + each;
        const T all = T(first_row(end, rows, parts) - first_row(begin, rows, parts));
        T total = 0, spread = 0;
        for (N p = begin; p < end; ++p) {
            const T n = T(first_row(p + 1, rows, parts) - first_row(p, rows, parts));
            total += n * means[p * c + channel];
        }
        const T middle = total / all;
        for (N p = begin; p < end; ++p) {
            const T n = T(first_row(p + 1, rows, parts) - first_row(p, rows, parts));
            const T off = means[p * c + channel] - middle;
            spread += n * (vars[p * c + channel] + off * off);
        }
        mean[k] = middle;
        var[k] = spread / all;
    }
}

// Sum of gy and of gy (x - centre) over each part.
template <typename T, typename N>
__device__ void sums_of_parts(const T* gy, const T* x, const T* centre, T* sum, T* dot, N rows,
                              N c, N parts) {
    EACH(k, parts * c) {
        const N channel = k % c, part = k / c;
        const N begin = first_row(part, rows, parts), end = first_row(part + 1, rows, parts);
        T total = 0, both = 0;
        for (N r = begin; r < end; ++r) {
            const T g = gy[r * c + channel];
            total += g;
            both += g * (x[r * c + channel] - centre[channel]);
        }
        sum[k] = total;
        dot[k] = both;
    }
}

// The sums of each group of parts.
template <typename T, typename N>
__device__ void sums_joined(const T* sums, const T* dots, T* sum, T* dot, N c, N parts, N groups) {
    EACH(k, groups * c) {
        const N channel = k % c, each = parts / groups, begin = k / c * each;
        T all = 0, both = 0;
        for (N p = begin; p < begin + each; ++p) {
            all += sums[p * c + channel];
            both += dots[p * c + channel];
        }
        sum[k] = all;
        dot[k] = both;
    }
}

// y = scale x + shift, channel by channel
template <typename T, typename N>
__device__ void channel_affine(const T* x, const T* scale, const T* shift, T* y, N rows, N c) {
    EACH(k, rows * c) y[k] = scale[k % c] * x[k] + shift[k % c];
}

// y = of_gy gy + of_x x + shift, channel by channel
template <typename T, typename N>
__device__ void channel_combine(const T* gy, const T* x, const T* of_gy, const T* of_x,
                                const T* shift, T* y, N rows, N c) {
    EACH(k, rows * c) y[k] = of_gy[k % c] * gy[k] + of_x[k % c] * x[k] + shift[k % c];
}

ENTRY_POINTS(moments_of_parts, (const T* x, T* mean, T* var, N rows, N c, N parts),
             (x, mean, var, rows, c, parts))
ENTRY_POINTS(moments_joined,
             (const T* means, const T* vars, T* mean, T* var, N rows, N c, N parts, N groups),
             (means, vars, mean, var, rows, c, parts, groups))
ENTRY_POINTS(sums_of_parts,
             (const T* gy, const T* x, const T* centre, T* sum, T* dot, N rows, N c, N parts),
             (gy, x, centre, sum, dot, rows, c, parts))
ENTRY_POINTS(sums_joined,
             (const T* sums, const T* dots, T* sum, T* dot, N c, N parts, N groups),
             (sums, dots, sum, dot, c, parts, groups))
ENTRY_POINTS(channel_affine,
             (const T* x, const T* scale, const T* shift, T* y, N rows, N c),
             (x, scale, shift, y, rows, c))
ENTRY_POINTS(channel_combine,
             (const T* gy, const T* x, const T* of_gy, const T* of_x, const T* shift, T* y,
              N rows, N c),
             (gy, x, of_gy, of_x, shift, y, rows, c))
