
// ---------------------------------------------------------------- channels
// [E.BATCHNORM]  Images lie as rows of c numbers, one for each channel. What is summed over the
// rows is summed in two kernels: stretches of the rows by many threads, then the stretches, always
// in the same order. Part p holds the rows from rows p / parts to rows (p + 1) / parts.

__device__ inline long long first_row(long long part, long long rows, long long parts) {
    return rows * part / parts;
}

// Mean and sum of squared deviations of each part.
template <typename T>
__device__ void moments_of_parts(const T* x, T* means, T* squares, long long rows, long long c,
                                 long long parts) {
    EACH(k, parts * c) {
        const long long channel = k % c, part = k / c;
        const long long begin = first_row(part, rows, parts);
        const long long end = first_row(part + 1, rows, parts);
        T sum = 0, spread = 0;
        for (long long r = begin; r < end; ++r) sum += x[r * c + channel];
        const T mean = sum / T(end - begin);
        for (long long r = begin; r < end; ++r) {
            const T deviation = x[r * c + channel] - mean;
            spread += deviation * deviation;
        }
        means[k] = mean;
        squares[k] = spread;
    }
}

// Mean and variance (with 1 / rows) from those of the parts. Chan, Golub and LeVeque 1983, 2.1.
template <typename T>
__device__ void moments_joined(const T* means, const T* squares, T* mean, T* var, long long rows,
                               long long c, long long parts) {
    EACH(channel, c) {
        T total = 0, spread = 0;
        for (long long p = 0; p < parts; ++p) {
            const T n = T(first_row(p + 1, rows, parts) - first_row(p, rows, parts));
            total += n * means[p * c + channel];
        }
        const T middle = total / T(rows);
        for (long long p = 0; p < parts; ++p) {
            const T n = T(first_row(p + 1, rows, parts) - first_row(p, rows, parts));
            const T off = means[p * c + channel] - middle;
            spread += squares[p * c + channel] + n * off * off;
        }
        mean[channel] = middle;
        var[channel] = spread / T(rows);
    }
}

// Sum of gy and of gy (x - centre) over each part.
template <typename T>
__device__ void sums_of_parts(const T* gy, const T* x, const T* centre, T* sums, T* dots,
                              long long rows, long long c, long long parts) {
    EACH(k, parts * c) {
        const long long channel = k % c, part = k / c;
        const long long begin = first_row(part, rows, parts);
        const long long end = first_row(part + 1, rows, parts);
        T sum = 0, dot = 0;
        for (long long r = begin; r < end; ++r) {
            const T g = gy[r * c + channel];
            sum += g;
            dot += g * (x[r * c + channel] - centre[channel]);
        }
        sums[k] = sum;
        dots[k] = dot;
    }
}

template <typename T>
__device__ void sums_joined(const T* sums, const T* dots, T* sum, T* dot, long long c,
                            long long parts) {
    EACH(channel, c) {
        T all = 0, both = 0;
        for (long long p = 0; p < parts; ++p) {
            all += sums[p * c + channel];
            both += dots[p * c + channel];
        }
        sum[channel] = all;
        dot[channel] = both;
    }
}

// y = scale x + shift, channel by channel
template <typename T>
__device__ void channel_affine(const T* x, const T* scale, const T* shift, T* y, long long rows,
                               long long c) {
    EACH(k, rows * c) y[k] = scale[k % c] * x[k] + shift[k % c];
}

// y = of_gy gy + of_x x + shift, channel by channel
template <typename T>
__device__ void channel_combine(const T* gy, const T* x, const T* of_gy, const T* of_x,
                                const T* shift, T* y, long long rows, long long c) {
    EACH(k, rows * c) y[k] = of_gy[k % c] * gy[k] + of_x[k % c] * x[k] + shift[k % c];
}

#define PARTS long long rows, long long c, long long parts
ENTRY_POINTS(moments_of_parts, (const T* x, T* means, T* squares, PARTS),
             (x, means, squares, rows, c, parts))
ENTRY_POINTS(moments_joined, (const T* means, const T* squares, T* mean, T* var, PARTS),
             (means, squares, mean, var, rows, c, parts))
ENTRY_POINTS(sums_of_parts,
             (const T* gy, const T* x, const T* centre, T* sums, T* dots, PARTS),
             (gy, x, centre, sums, dots, rows, c, parts))
ENTRY_POINTS(sums_joined,
             (const T* sums, const T* dots, T* sum, T* dot, long long c, long long parts),
             (sums, dots, sum, dot, c, parts))
ENTRY_POINTS(channel_affine,
             (const T* x, const T* scale, const T* shift, T* y, long long rows, long long c),
             (x, scale, shift, y, rows, c))
ENTRY_POINTS(channel_combine,
             (const T* gy, const T* x, const T* of_gy, const T* of_x, const T* shift, T* y,
              long long rows, long long c),
             (gy, x, of_gy, of_x, shift, y, rows, c))
