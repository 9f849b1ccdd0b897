// Progress and order between threads: locks within a warp and between blocks, messages through flags, grid barriers.
#include <cooperative_groups.h>

// Every lane takes the same lock. A lane that waits must not keep the lane that holds the lock from running.
extern "C" __global__ void lane_lock(int *lock, int *counter, int rounds) {
  for (int r = 0; r < rounds; ++r) {
    while (atomicCAS(lock, 0, 1) != 0)
      ;
    __threadfence();
    *(volatile int *)counter = *(volatile int *)counter + 1;
    __threadfence();
    atomicExch(lock, 0);
  }
}

// A ticket lock between all threads of all blocks: in the order of tickets.
extern "C" __global__ void ticket_lock(unsigned *next, volatile unsigned *serving, unsigned *log, unsigned *length) {
  unsigned mine = atomicAdd(next, 1);
  bool done = false;
  while (!done) {
    if (*serving == mine) {
      __threadfence();
      log[*length] = mine;
      *length += 1;
      __threadfence();
      *serving = mine + 1;
      done = true;
    }
  }
}

// One lock, plain data behind it, one thread of every block.
extern "C" __global__ void block_lock(int *lock, double *mean, double *count, const double *x) {
  if (threadIdx.x == 0) {
    while (atomicCAS(lock, 0, 1) != 0)
      __nanosleep(20);
    __threadfence();
    *count += 1;
    *mean += (x[blockIdx.x] - *mean) / *count;
    __threadfence();
    atomicExch(lock, 0);
  }
}

// Block b waits for block b-1, adds its share and hands on: acquire and release by fences and a volatile flag.
extern "C" __global__ void chain(const int *x, volatile int *message, volatile int *flag, int *y) {
  if (threadIdx.x == 0) {
    int before = 0;
    if (blockIdx.x > 0) {
      while (flag[blockIdx.x - 1] == 0)
        ;
      __threadfence();
      before = message[blockIdx.x - 1];
    }
    message[blockIdx.x] = before + x[blockIdx.x];
    __threadfence();
    flag[blockIdx.x] = 1;
    y[blockIdx.x] = before;
  }
}

// The same with ld.acquire and st.release, and plain data in between.
extern "C" __global__ void release_acquire(const int *x, int *data, int *flag, int *y) {
  int t = threadIdx.x;
  if (blockIdx.x == 0) {
    data[t] = 3 * x[t];
    __syncthreads();
    if (t == 0)
      asm volatile("st.release.gpu.global.s32 [%0], 1;" ::"l"(flag) : "memory");
  } else {
    if (t == 0) {
      int seen;
      do
        asm volatile("ld.acquire.gpu.global.s32 %0, [%1];" : "=r"(seen) : "l"(flag) : "memory");
      while (!seen);
    }
    __syncthreads();
    y[t] = data[blockDim.x - 1 - t];
  }
}

// All blocks meet several times; between the meetings each reads what its neighbour wrote.
extern "C" __global__ void grid_barrier(int *v, unsigned *arrived, int rounds) {
  int n = gridDim.x * blockDim.x, i = blockIdx.x * blockDim.x + threadIdx.x;
  for (int r = 0; r < rounds; ++r) {
    int *from = v + r % 2 * n, *to = v + (r + 1) % 2 * n;
    to[i] = from[(i + blockDim.x) % n] + 1;
    __syncthreads();
    if (threadIdx.x == 0) {
      __threadfence();
      atomicAdd(arrived, 1);
      while (*(volatile unsigned *)arrived < (r + 1) * gridDim.x)
        ;
      __threadfence();
    }
    __syncthreads();
  }
}

// The same by cooperative groups, in a cooperative launch.
extern "C" __global__ void grid_sync(int *v, int rounds) {
  cooperative_groups::grid_group grid = cooperative_groups::this_grid();
  int n = gridDim.x * blockDim.x, i = grid.thread_rank();
  for (int r = 0; r < rounds; ++r) {
    int *from = v + r % 2 * n, *to = v + (r + 1) % 2 * n;
    to[i] = from[(i + blockDim.x) % n] + 1;
    grid.sync();
  }
}

// Lanes of a warp hand a token on to the next lane through shared memory.
extern "C" __global__ void lane_chain(int *y) {
  __shared__ volatile int token;
  int t = threadIdx.x;
  if (t == 0)
    token = 0;
  __syncwarp();
  while (token != t)
    ;
  y[t] = t * t;
  __threadfence_block();
  token = t + 1;
  __syncwarp();
}

// Two halves of one warp take turns: each waits for the other in its own branch.
extern "C" __global__ void ping_pong(int *y, int rounds) {
  __shared__ volatile int turn;
  if (threadIdx.x == 0)
    turn = 0;
  __syncwarp();
  int mine = threadIdx.x / 16, lane = threadIdx.x % 16, sum = 0;
  if (mine == 0) {
    for (int r = 0; r < rounds; ++r) {
      while (turn != 2 * r)
        ;
      sum += r;
      __syncwarp(0x0000ffff);
      if (lane == 0)
        turn = 2 * r + 1;
    }
  } else {
    for (int r = 0; r < rounds; ++r) {
      while (turn != 2 * r + 1)
        ;
      sum -= 2 * r;
      __syncwarp(0xffff0000);
      if (lane == 0)
        turn = 2 * r + 2;
    }
  }
  y[threadIdx.x] = sum;
}

// Lanes meet at barriers of the warp that stand in different branches.
extern "C" __global__ void meet_in_branches(const int *x, int *y) {
  __shared__ int v[32];
  int t = threadIdx.x;
  if (t % 4 == 0) {
    v[t] = x[t];
    __syncwarp();
    y[t] = v[31 - t] + 1;
  } else if (x[t] % 2) {
    v[t] = 2 * x[t];
    __syncwarp();
    y[t] = v[31 - t] + 2;
  } else {
    v[t] = 3 * x[t];
    __syncwarp();
    y[t] = v[31 - t] + 3;
  }
}

// Two halves of a warp, each with its own mask, at the same barrier but in different turns of a loop.
extern "C" __global__ void halves_apart(const int *x, int *y) {
  __shared__ volatile int v[2][16];
  int half = threadIdx.x / 16, t = threadIdx.x % 16, s = 0;
  unsigned mask = 0xffffu << (16 * half);
#pragma unroll 1
  for (int i = 0; i < 3 + 4 * half; ++i) {
    v[half][t] = x[threadIdx.x] + i;
    __syncwarp(mask);
    s += v[half][15 - t];
    __syncwarp(mask);
  }
  y[threadIdx.x] = s;
}
