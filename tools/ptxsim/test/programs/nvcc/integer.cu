// Integer instructions; result k goes to out[k * n + i].

#define EACH(k, expression) out[(k) * n + i] = (expression)
#define ASM1(k, text, x)                                                                                             \
  asm(text " %0, %1;" : "=r"(t) : "r"(x));                                                                           \
  EACH(k, t)
#define ASM2(k, text, x, y)                                                                                          \
  asm(text " %0, %1, %2;" : "=r"(t) : "r"(x), "r"(y));                                                               \
  EACH(k, t)
#define ASM3(k, text, x, y, z)                                                                                       \
  asm(text " %0, %1, %2, %3;" : "=r"(t) : "r"(x), "r"(y), "r"(z));                                                   \
  EACH(k, t)

extern "C" __global__ void integers_32(const unsigned *xs, const unsigned *ys, unsigned *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  unsigned x = xs[i], y = ys[i], t;
  int sx = (int)x, sy = (int)y;
  EACH(0, (unsigned)__mul24(sx, sy));
  EACH(1, __umul24(x, y));
  EACH(2, (unsigned)__mulhi(sx, sy));
  EACH(3, __umulhi(x, y));
  EACH(4, __usad(x, y, 5u));
  EACH(5, __sad(sx, sy, 7u));
  EACH(6, (unsigned)__clz(sx));
  EACH(7, (unsigned)__ffs(sx));
  EACH(8, (unsigned)__popc(x));
  EACH(9, __brev(x));
  EACH(10, __byte_perm(x, y, 0x5140));
  ASM3(11, "prmt.b32", x, y, 0xb0f3); // the signs of two bytes spread
  EACH(12, __funnelshift_l(x, y, x & 63));
  EACH(13, __funnelshift_r(x, y, y & 63));
  EACH(14, __funnelshift_lc(x, y, x & 63));
  EACH(15, __funnelshift_rc(x, y, y & 63));
  EACH(16, y ? x / y : 0);
  EACH(17, y ? x % y : 0);
  EACH(18, (unsigned)(sy && !(sy == -1) ? sx / sy : 0));
  EACH(19, (unsigned)(sy && !(sy == -1) ? sx % sy : 0));
  EACH(20, (unsigned)__dp4a(sx, sy, 100));
  EACH(21, __dp4a(x, y, 100u));
  EACH(22, (unsigned)__dp2a_lo(sx, sy, -3));
  EACH(23, (unsigned)__dp2a_hi(sx, sy, -3));
  EACH(24, (unsigned)__hadd(sx, sy));
  EACH(25, __uhadd(x, y));
  EACH(26, min(x, y) ^ (unsigned)max(sx, sy));
  ASM3(27, "bfe.u32", x, y & 255, x >> 24);
  ASM3(28, "bfe.s32", x, y & 255, x >> 24);
  asm("bfi.b32 %0, %1, %2, %3, %4;" : "=r"(t) : "r"(x), "r"(y), "r"(x & 63), "r"(y & 63));
  EACH(29, t);
  ASM1(30, "bfind.u32", x);
  ASM1(31, "bfind.s32", x);
  ASM1(32, "bfind.shiftamt.u32", x);
  ASM3(33, "fns.b32", x, y & 31, 3);
  ASM3(34, "fns.b32", x, y & 31, -2);
  asm("lop3.b32 %0, %1, %2, %3, 0x96;" : "=r"(t) : "r"(x), "r"(y), "r"(x + y));
  EACH(35, t);
  asm("lop3.b32 %0, %1, %2, %3, 0x1b;" : "=r"(t) : "r"(x), "r"(y), "r"(x + y));
  EACH(36, t);
  ASM2(37, "shl.b32", x, y & 63);
  ASM2(38, "shr.u32", x, y & 63);
  ASM2(39, "shr.s32", x, y & 63);
  ASM2(40, "add.sat.s32", x, y);
  ASM2(41, "sub.sat.s32", x, y);
  ASM3(42, "mad.hi.u32", x, y, x);
  ASM3(43, "mad.hi.sat.s32", x, y, x);
  ASM3(44, "mad24.lo.s32", x, y, x);
  ASM3(45, "mad24.hi.u32", x, y, x);
  ASM3(46, "prmt.b32.f4e", x, y, x & 3);
  ASM3(47, "prmt.b32.b4e", x, y, x & 3);
  ASM3(48, "prmt.b32.rc8", x, y, x & 3);
  ASM3(49, "prmt.b32.ecl", x, y, x & 3);
  ASM3(50, "prmt.b32.ecr", x, y, x & 3);
  ASM3(51, "prmt.b32.rc16", x, y, x & 3);
  ASM2(52, "bmsk.clamp.b32", x & 63, y & 63);
  ASM2(53, "bmsk.wrap.b32", x & 63, y & 63);
  ASM2(54, "szext.clamp.s32", x, y & 63);
  ASM2(55, "szext.wrap.u32", x, y & 63);
  ASM1(56, "cnot.b32", x & 1);
  ASM1(57, "cvt.sat.u32.s32", x);
  asm("{ .reg .b8 b; cvt.sat.s8.s32 b, %1; cvt.s32.s8 %0, b; }" : "=r"(t) : "r"(x));
  EACH(58, t);
  asm("{ .reg .b16 h; cvt.sat.u16.u32 h, %1; cvt.u32.u16 %0, h; }" : "=r"(t) : "r"(x));
  EACH(59, t);
  asm("{ .reg .pred p; setp.lt.and.s32 p, %1, %2, 1; selp.b32 %0, %1, %2, p; }" : "=r"(t) : "r"(x), "r"(y));
  EACH(60, t);
  asm("{ .reg .pred p, q; setp.gt.u32 p|q, %1, %2; @p mov.u32 %0, 11; @q mov.u32 %0, 22; }" : "=r"(t) : "r"(x), "r"(y));
  EACH(61, t);
  asm("set.ge.u32.s32 %0, %1, %2;" : "=r"(t) : "r"(x), "r"(y));
  EACH(62, t);
  asm("slct.u32.s32 %0, %1, %2, %3;" : "=r"(t) : "r"(x), "r"(y), "r"(x ^ y));
  EACH(63, t);
}

extern "C" __global__ void integers_64(const unsigned long long *xs, const unsigned long long *ys,
                                       unsigned long long *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  unsigned long long x = xs[i], y = ys[i], t, u;
  long long sx = (long long)x, sy = (long long)y;
  unsigned r;
  EACH(0, x * y);
  EACH(1, __umul64hi(x, y));
  EACH(2, (unsigned long long)__mul64hi(sx, sy));
  EACH(3, y ? x / y : 0);
  EACH(4, y ? x % y : 0);
  EACH(5, (unsigned long long)(sy && sy != -1 ? sx / sy : 0));
  EACH(6, (unsigned long long)(sy && sy != -1 ? sx % sy : 0));
  EACH(7, (unsigned long long)__clzll(sx));
  EACH(8, (unsigned long long)__popcll(x));
  EACH(9, __brevll(x));
  EACH(10, (unsigned long long)__ffsll(sx));
  EACH(11, (unsigned long long)(unsigned)x * (unsigned)y);
  EACH(12, (unsigned long long)((long long)(int)x * (int)y));
  asm("mad.wide.u32 %0, %1, %2, %3;" : "=l"(t) : "r"((unsigned)x), "r"((unsigned)y), "l"(x));
  EACH(13, t);
  asm("mad.wide.s32 %0, %1, %2, %3;" : "=l"(t) : "r"((unsigned)x), "r"((unsigned)y), "l"(x));
  EACH(14, t);
  asm("mul.wide.u16 %0, %1, %2;" : "=r"(r) : "h"((unsigned short)x), "h"((unsigned short)y));
  EACH(15, r);
  asm("bfe.u64 %0, %1, %2, %3;" : "=l"(t) : "l"(x), "r"((unsigned)y & 127), "r"((unsigned)x & 127));
  EACH(16, t);
  asm("bfe.s64 %0, %1, %2, %3;" : "=l"(t) : "l"(x), "r"((unsigned)y & 127), "r"((unsigned)x & 127));
  EACH(17, t);
  asm("bfi.b64 %0, %1, %2, %3, %4;" : "=l"(t) : "l"(x), "l"(y), "r"((unsigned)x & 127), "r"((unsigned)y & 127));
  EACH(18, t);
  // 128-bit sum, difference and product, through the carry.
  asm("add.cc.u64 %0, %2, %3; addc.u64 %1, %2, 0;" : "=l"(t), "=l"(u) : "l"(x), "l"(y));
  EACH(19, t ^ u * 3);
  asm("sub.cc.u64 %0, %2, %3; subc.u64 %1, %2, 0;" : "=l"(t), "=l"(u) : "l"(x), "l"(y));
  EACH(20, t ^ u * 3);
  asm("{ .reg .u32 a, b, c, d, p, q, s, w;\n\t"
      "mov.b64 {a, b}, %2; mov.b64 {c, d}, %3;\n\t"
      "mul.lo.u32 p, a, c; mul.hi.u32 q, a, c;\n\t"
      "mad.lo.cc.u32 q, a, d, q; madc.hi.u32 s, a, d, 0;\n\t"
      "mad.lo.cc.u32 q, b, c, q; madc.hi.cc.u32 s, b, c, s; addc.u32 w, 0, 0;\n\t"
      "mad.lo.cc.u32 s, b, d, s; madc.hi.u32 w, b, d, w;\n\t"
      "mov.b64 %0, {p, q}; mov.b64 %1, {s, w}; }"
      : "=l"(t), "=l"(u)
      : "l"(x), "l"(y));
  EACH(21, t);
  EACH(22, u);
  EACH(23, x << (y & 127 ? y % 64 : 1));
  EACH(24, (unsigned long long)(sx >> (y % 64)));
  EACH(25, min(x, y) ^ (unsigned long long)max(sx, sy));
  asm("bfind.u64 %0, %1;" : "=r"(r) : "l"(x));
  EACH(26, r);
  asm("shl.b64 %0, %1, %2;" : "=l"(t) : "l"(x), "r"((unsigned)y & 127));
  EACH(27, t);
  asm("shr.s64 %0, %1, %2;" : "=l"(t) : "l"(x), "r"((unsigned)y & 127));
  EACH(28, t);
}

// 16 bits and 8 bits, and packed pairs on sm_90.
extern "C" __global__ void integers_16(const short *xs, const short *ys, int *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  short x = xs[i], y = ys[i], t;
  EACH(0, (short)(x + y));
  EACH(1, (short)(x * y));
  EACH(2, (unsigned short)x >> (y & 15));
  EACH(3, y ? x / y : 0);
  EACH(4, y ? (unsigned short)x % (unsigned short)y : 0);
  asm("mul.hi.s16 %0, %1, %2;" : "=h"(t) : "h"(x), "h"(y));
  EACH(5, t);
  asm("mad.lo.s16 %0, %1, %2, %1;" : "=h"(t) : "h"(x), "h"(y));
  EACH(6, t);
  asm("min.s16 %0, %1, %2;" : "=h"(t) : "h"(x), "h"(y));
  EACH(7, t);
  asm("max.u16 %0, %1, %2;" : "=h"(t) : "h"(x), "h"(y));
  EACH(8, t);
  EACH(9, (signed char)x * (unsigned char)y);
  asm("shl.b16 %0, %1, %2;" : "=h"(t) : "h"(x), "r"(y & 31));
  EACH(10, t);
  asm("abs.s16 %0, %1;" : "=h"(t) : "h"(x));
  EACH(11, t);
}
