// Control flow: loops that lanes leave at different times, switches, recursion, function pointers, local arrays.

extern "C" __global__ void collatz(const unsigned long long *x, int *steps, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  unsigned long long v = x[i];
  int s = 0;
  while (v != 1) {
    v = v % 2 ? 3 * v + 1 : v / 2;
    ++s;
  }
  steps[i] = s;
}

// Branches within branches, loops left by break, continue and return, and lanes that end early.
extern "C" __global__ void nested(const int *x, int *y, int n) {
  int i = threadIdx.x, v = x[i], s = 0;
  if (v < 0) {
    y[i] = -1;
    return;
  }
  for (int a = 0; a < v % 7 + 1; ++a) {
    if ((a ^ i) % 3 == 0)
      continue;
    int b = v;
    while (true) {
      if (b % 5 == 0)
        break;
      if (b > 200) {
        y[i] = 1000 + s;
        return;
      }
      b += (b & 1) ? a + 1 : 3;
      if (s > 50)
        goto done;
      ++s;
    }
    if (i % 2) {
      if (v % 2)
        s += 2;
      else if (v % 3)
        s += 3;
      else
        s += b % 4;
    }
  }
done:
  y[i] = s;
}

extern "C" __global__ void switches(const int *x, int *y) {
  int v = x[threadIdx.x], r;
  switch (v) {
  case 0: r = threadIdx.x; break;
  case 1: r = __popc(threadIdx.x) + 10; break;
  case 2: r = __clz(threadIdx.x + 1); break;
  case 3: // falls through
  case 4: r = threadIdx.x * threadIdx.x; break;
  case 5: r = -7; break;
  case 6: r = __brev(threadIdx.x); break;
  case 7: r = threadIdx.x % 5; break;
  case 8: r = __shfl_sync(__activemask(), 3, 0) + v; break;
  default: r = 99;
  }
  y[threadIdx.x] = r;
}

// A jump table written by hand, and where its branches meet again.
extern "C" __global__ void jump_table(const int *x, int *y) {
  int v = x[threadIdx.x], r;
  asm volatile("{\n\t"
               "table: .branchtargets case0, case1, case2, case3;\n\t"
               "and.b32 %0, %1, 3;\n\t"
               "brx.idx %0, table;\n"
               "case0: mov.u32 %0, 100;\n\t"
               "bra.uni meet;\n"
               "case1: add.s32 %0, %1, 1000;\n\t"
               "bra.uni meet;\n"
               "case2: mul.lo.s32 %0, %1, 3;\n"
               "case3: add.s32 %0, %0, 7;\n"
               "meet:\n\t"
               "}"
               : "=&r"(r)
               : "r"(v));
  y[threadIdx.x] = r;
}

__device__ __noinline__ int ackermann(int m, int n) {
  if (m == 0)
    return n + 1;
  return ackermann(m - 1, n == 0 ? 1 : ackermann(m, n - 1));
}

__device__ __noinline__ unsigned long long fibonacci(int n) {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

extern "C" __global__ void recursion(const int *x, unsigned long long *y) {
  int v = x[threadIdx.x];
  y[threadIdx.x] = v % 2 ? (unsigned long long)ackermann(v % 4 < 3 ? v % 4 : 2, v / 4) : fibonacci(v);
}

// Quicksort in local memory: recursion with a pointer into the caller's array.
__device__ __noinline__ void quicksort(short *v, int from, int to) {
  if (from >= to)
    return;
  short pivot = v[(from + to) / 2];
  int i = from, j = to;
  while (i <= j) {
    while (v[i] < pivot)
      ++i;
    while (v[j] > pivot)
      --j;
    if (i <= j) {
      short t = v[i];
      v[i++] = v[j];
      v[j--] = t;
    }
  }
  quicksort(v, from, j);
  quicksort(v, i, to);
}

extern "C" __global__ void local_sort(const short *x, short *y) {
  short v[24];
  for (int i = 0; i < 24; ++i)
    v[i] = x[24 * threadIdx.x + i];
  quicksort(v, 0, 23);
  for (int i = 0; i < 24; ++i)
    y[24 * threadIdx.x + i] = v[i];
}

struct Pair {
  float a;
  double b;
  char c[3];
};

__device__ __noinline__ Pair add(Pair p, Pair q) {
  return {p.a + q.a, p.b + q.b, {char(p.c[0] + q.c[0]), char(p.c[1] - q.c[1]), char(p.c[2] ^ q.c[2])}};
}
__device__ __noinline__ Pair multiply(Pair p, Pair q) { return {p.a * q.a, p.b * q.b, {q.c[2], q.c[0], p.c[1]}}; }
__device__ __noinline__ Pair first(Pair p, Pair) { return p; }

using Operation = Pair (*)(Pair, Pair);
__device__ Operation operations[3] = {add, multiply, first};

// Calls through pointers that differ from lane to lane, with structs passed and returned by value.
extern "C" __global__ void function_pointers(const int *which, const float *x, float *y) {
  int i = threadIdx.x;
  Pair p = {x[i], x[i] * 2.0, {char(i), 3, 4}}, q = {x[(i + 1) % 64], 0.5, {1, char(2 * i), 7}};
  Pair r = operations[which[i]](p, q);
  y[5 * i] = r.a;
  y[5 * i + 1] = (float)r.b;
  for (int k = 0; k < 3; ++k)
    y[5 * i + 2 + k] = r.c[k];
}

// A histogram of digits in a local array, indexed by data, and a table in constant memory.
__constant__ int weights[10] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3};

extern "C" __global__ void local_array(const unsigned *x, int *y) {
  int count[10] = {};
  for (unsigned v = x[threadIdx.x]; v; v /= 10)
    ++count[v % 10];
  int s = 0;
  for (int i = 0; i < 10; ++i)
    s += count[i] * count[i] * weights[i];
  y[threadIdx.x] = s * 100 + weights[x[threadIdx.x] % 10];
}

// Virtual functions: the table of each object is in device memory, made by the kernel itself.
struct Shape {
  __device__ virtual float area() const = 0;
};
struct Square : Shape {
  float side;
  __device__ Square(float s) : side(s) {}
  __device__ float area() const override { return side * side; }
};
struct Circle : Shape {
  float radius;
  __device__ Circle(float r) : radius(r) {}
  __device__ float area() const override { return 3.0f * radius * radius; }
};

extern "C" __global__ void virtual_calls(const float *x, float *y) {
  float v = x[threadIdx.x];
  Square square(v);
  Circle circle(v);
  const Shape *shapes[2] = {&square, &circle};
  y[threadIdx.x] = shapes[v > 0]->area();
}
