// Special functions: function k of x[i] (and y[i]) goes to out[k * n + i].

#define EACH(k, expression) out[(k) * n + i] = (expression)

extern "C" __global__ void math_f32(const float *xs, const float *ys, float *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  float x = xs[i], y = ys[i];
  EACH(0, sinf(x));
  EACH(1, cosf(x));
  EACH(2, tanf(x));
  EACH(3, expf(x));
  EACH(4, logf(fabsf(x)));
  EACH(5, powf(fabsf(x), y));
  EACH(6, erff(x));
  EACH(7, erfcf(x));
  EACH(8, rsqrtf(fabsf(x)));
  EACH(9, sqrtf(fabsf(x)));
  EACH(10, tanhf(x));
  EACH(11, atan2f(x, y));
  EACH(12, log1pf(fabsf(x)));
  EACH(13, expm1f(x));
  EACH(14, cbrtf(x));
  EACH(15, hypotf(x, y));
  EACH(16, fmodf(x, y));
  EACH(17, lgammaf(fabsf(x)));
  EACH(18, exp2f(x));
  EACH(19, log2f(fabsf(x)));
  EACH(20, log10f(fabsf(x)));
  EACH(21, asinf(x / 32.0f));
  EACH(22, acosf(x / 32.0f));
  EACH(23, sinhf(x));
  EACH(24, x / y);
  EACH(25, 1.0f / y);
  EACH(26, rintf(x));
  EACH(27, truncf(x));
  EACH(28, floorf(x));
  EACH(29, ceilf(x));
  EACH(30, roundf(x));
  EACH(31, fmaf(x, y, 1.0f));
  EACH(32, copysignf(y, x));
  EACH(33, fdimf(x, y));
  EACH(34, remainderf(x, y));
  EACH(35, normcdff(x));
}

// The instructions behind the fast ones: errors in ulp (or absolute) as the PTX ISA states them.
extern "C" __global__ void math_fast(const float *xs, const float *ys, float *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  float x = xs[i], y = ys[i], t;
  EACH(0, __sinf(x));
  EACH(1, __cosf(x));
  EACH(2, __expf(x));
  EACH(3, __logf(fabsf(x)));
  EACH(4, __powf(fabsf(x), y));
  EACH(5, __fdividef(x, y));
  asm("tanh.approx.f32 %0, %1;" : "=f"(t) : "f"(x));
  EACH(6, t);
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(t) : "f"(y));
  EACH(7, t);
  asm("sqrt.approx.f32 %0, %1;" : "=f"(t) : "f"(fabsf(x)));
  EACH(8, t);
  asm("rsqrt.approx.ftz.f32 %0, %1;" : "=f"(t) : "f"(fabsf(x)));
  EACH(9, t);
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(t) : "f"(x));
  EACH(10, t);
  asm("lg2.approx.f32 %0, %1;" : "=f"(t) : "f"(fabsf(x)));
  EACH(11, t);
  asm("div.full.f32 %0, %1, %2;" : "=f"(t) : "f"(x), "f"(y));
  EACH(12, t);
}

extern "C" __global__ void math_f64(const double *xs, const double *ys, double *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  double x = xs[i], y = ys[i];
  EACH(0, sin(x));
  EACH(1, cos(x));
  EACH(2, exp(x));
  EACH(3, log(fabs(x)));
  EACH(4, pow(fabs(x), y));
  EACH(5, erf(x));
  EACH(6, rsqrt(fabs(x)));
  EACH(7, sqrt(fabs(x)));
  EACH(8, x / y);
  EACH(9, 1.0 / y);
  EACH(10, tanh(x));
  EACH(11, atan(x));
  EACH(12, cbrt(x));
  EACH(13, fmod(x, y));
  EACH(14, fma(x, y, 1.0));
  EACH(15, rint(x));
  EACH(16, lgamma(fabs(x)));
  EACH(17, fmin(x, y) + 3 * fmax(x, y));
}

// Rounding: each operation in its four modes, then conversions; results as bits.
extern "C" __global__ void rounding(const float *xs, const float *ys, float *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  float x = xs[i], y = ys[i];
  EACH(0, __fadd_rn(x, y));
  EACH(1, __fadd_rz(x, y));
  EACH(2, __fadd_ru(x, y));
  EACH(3, __fadd_rd(x, y));
  EACH(4, __fmul_rn(x, y));
  EACH(5, __fmul_rz(x, y));
  EACH(6, __fmul_ru(x, y));
  EACH(7, __fmul_rd(x, y));
  EACH(8, __fmaf_rn(x, y, x));
  EACH(9, __fmaf_rz(x, y, x));
  EACH(10, __fmaf_ru(x, y, x));
  EACH(11, __fmaf_rd(x, y, x));
  EACH(12, __fdiv_rn(x, y));
  EACH(13, __fdiv_rz(x, y));
  EACH(14, __fdiv_ru(x, y));
  EACH(15, __fdiv_rd(x, y));
  EACH(16, __fsqrt_rn(fabsf(x)));
  EACH(17, __fsqrt_rz(fabsf(x)));
  EACH(18, __fsqrt_ru(fabsf(x)));
  EACH(19, __fsqrt_rd(fabsf(x)));
  EACH(20, __frcp_rn(y));
  EACH(21, __frcp_rz(y));
  EACH(22, __frcp_ru(y));
  EACH(23, __frcp_rd(y));
  double wide = (double)x * y + 1e-9 * y;
  EACH(24, __double2float_rn(wide));
  EACH(25, __double2float_rz(wide));
  EACH(26, __double2float_ru(wide));
  EACH(27, __double2float_rd(wide));
  EACH(28, __saturatef(x));
}

// Conversions to integers, with what does not fit; out[k * n + i] as 64 bits.
extern "C" __global__ void conversions(const float *xs, const double *ds, const long long *ls, long long *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  float x = xs[i];
  double d = ds[i];
  long long l = ls[i];
  EACH(0, __float2int_rn(x));
  EACH(1, __float2int_rz(x));
  EACH(2, __float2int_ru(x));
  EACH(3, __float2int_rd(x));
  EACH(4, __float2uint_rz(x));
  EACH(5, __float2ll_rz(x));
  EACH(6, (long long)__float2ull_rz(x));
  EACH(7, __double2int_rn(d));
  EACH(8, __double2ll_rd(d));
  EACH(9, (long long)__double2ull_ru(d));
  EACH(10, __float_as_int(__ll2float_rn(l)));
  EACH(11, __float_as_int(__ll2float_rz(l)));
  EACH(12, __float_as_int(__ull2float_ru((unsigned long long)l)));
  EACH(13, __double_as_longlong(__ll2double_rd(l)));
  EACH(14, __double_as_longlong(__ull2double_rn((unsigned long long)l)));
  EACH(15, __float_as_int(__int2float_rz((int)l)));
  EACH(16, __double_as_longlong((double)x));
  EACH(17, (signed char)l);
  EACH(18, (unsigned short)l);
}
