// Irregular work: a queue that work adds to, a hash table, a search by levels, jumps out of nested loops.
extern "C" __global__ void work_queue(int *items, int *tail, int *head, int *done, int *sum, int all) {
  if (threadIdx.x) return;
  while (atomicAdd(done, 0) < all) {
    int h = atomicAdd(head, 0);
    if (h >= atomicAdd(tail, 0) || atomicCAS(head, h, h + 1) != h) continue;
    int v;
    while ((v = atomicAdd(&items[h], 0)) == 0)
      ;
    atomicAdd(sum, v);
    for (int child = 0; v < 100 && child < 2; ++child)
      atomicExch(&items[atomicAdd(tail, 1)], 2 * v + child);
    atomicAdd(done, 1);
  }
}

extern "C" __global__ void hash_counts(const unsigned *keys, int n, unsigned *table, unsigned *counts,
                                       unsigned capacity) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  unsigned k = keys[i];
  for (unsigned at = k * 2654435761u % capacity;; at = (at + 1) % capacity) {
    unsigned there = *(volatile unsigned *)&table[at];
    if (there == 0) there = atomicCAS(&table[at], 0u, k);
    if (there != 0 && there != k) continue;
    atomicAdd(&counts[at], 1u);
    return;
  }
}

extern "C" __global__ void levels(const int *row, const int *column, int *distance, int *queue) {
  __shared__ int head, tail, next;
  if (threadIdx.x == 0) {
    head = 0, tail = next = 1;
    queue[0] = 0, distance[0] = 0;
  }
  __syncthreads();
  for (int level = 1; head < tail; ++level) {
    for (int q = head + threadIdx.x; q < tail; q += blockDim.x)
      for (int v = queue[q], e = row[v]; e < row[v + 1]; ++e)
        if (atomicCAS(&distance[column[e]], -1, level) == -1) queue[atomicAdd(&next, 1)] = column[e];
    __syncthreads();
    if (threadIdx.x == 0) head = tail, tail = next;
    __syncthreads();
  }
}

extern "C" __global__ void jumps(const int *x, int *y, int n) {
  int t = threadIdx.x, s = 0;
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) {
      int v = x[(t + i * n + j) % 64];
      if (v % 7 == 0) goto next;
      if (v % 11 == 0) break;
      if (v % 5 == 0) continue;
      if (v == 63 && i > 2) goto out;
      s += v + i + j;
      switch (v & 15) {
      case 0:
        s ^= 1;
      case 1:
        s += 3;
        break;
      case 2:
      case 3:
        if (t & 1) continue;
        s *= 3;
        break;
      case 9:
        s -= t;
        break;
      case 11:
        goto next;
      default:
        ++s;
      }
    }
    s += 1000;
  next:;
  }
out:
  y[t] = s;
}
