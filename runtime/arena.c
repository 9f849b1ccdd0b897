/* Greedy best fit: items are placed one after the other, each into the smallest gap between the items already
 * placed that are alive at the same time. Which order is best depends on the graph, so a few are tried and
 * the best is kept. The neighbours in time come from an interval tree that is laid out in an array: it serves
 * all orders. */
#include "runtime/arena.h"
#include "runtime/abi.h"
#include <stdlib.h>
#include <string.h>

enum { ORDERS = 4 };

typedef struct {
  const girih_arena_item *items;
  size_t count;
  uint32_t *by_first; /* items sorted by `first`: an implicit balanced tree, root of [lo, hi) in the middle */
  uint32_t *tree_last; /* largest `last` in the subtree whose root is at this position */
  uint32_t *order;
  uint32_t *near; /* placed items alive at the same time, while one item is placed */
  int64_t *sizes; /* aligned */
  int64_t *offsets, *best;
  unsigned char *placed;
} plan_state;

static int64_t aligned(int64_t bytes) {
  return (bytes + (GIRIH_ALIGNMENT - 1)) & ~(int64_t)(GIRIH_ALIGNMENT - 1);
}

/* Sorts `a` by `less`; heap sort, so that no input is slow and no recursion is deep. Ties must be broken by
 * `less`. */
typedef int (*less_fn)(const plan_state *s, int order, uint32_t a, uint32_t b);

static void sort(const plan_state *s, int order, uint32_t *a, size_t n, less_fn less) {
  for (size_t start = n / 2, end = n; end > 1;) {
    uint32_t value;
    if (start > 0) {
      value = a[--start];
    } else {
      value = a[--end];
      a[end] = a[0];
    }
    size_t root = start;
    for (size_t child; (child = 2 * root + 1) < end; root = child) {
      if (child + 1 < end && less(s, order, a[child], a[child + 1])) ++child;
      if (!less(s, order, value, a[child])) break;
      a[root] = a[child];
    }
    a[root] = value;
  }
}

static int less_first(const plan_state *s, int order, uint32_t a, uint32_t b) {
  (void)order;
  if (s->items[a].first != s->items[b].first) return s->items[a].first < s->items[b].first;
  return a < b;
}

static int less_offset(const plan_state *s, int order, uint32_t a, uint32_t b) {
  (void)order;
  if (s->offsets[a] != s->offsets[b]) return s->offsets[a] < s->offsets[b];
  return a < b;
}

static double lifetime(const plan_state *s, uint32_t i) {
  return (double)s->items[i].last - (double)s->items[i].first + 1;
}

/* The order in which items are placed. */
static int less_order(const plan_state *s, int order, uint32_t a, uint32_t b) {
  double ka = 0, kb = 0;
  switch (order) {
  case 0: /* largest first */
    ka = (double)s->sizes[a], kb = (double)s->sizes[b];
    break;
  case 1: /* most bytes over time first */
    ka = (double)s->sizes[a] * lifetime(s, a), kb = (double)s->sizes[b] * lifetime(s, b);
    break;
  case 2: /* longest-lived first */
    ka = lifetime(s, a), kb = lifetime(s, b);
    break;
  case 3: /* as an allocator would meet them */
    ka = -(double)s->items[a].first, kb = -(double)s->items[b].first;
    break;
  }
  if (ka != kb) return ka > kb;
  if (s->sizes[a] != s->sizes[b]) return s->sizes[a] > s->sizes[b];
  return less_first(s, 0, a, b);
}

static uint32_t build_tree(plan_state *s, size_t lo, size_t hi) {
  if (lo == hi) return 0;
  size_t mid = lo + (hi - lo) / 2;
  uint32_t last = s->items[s->by_first[mid]].last;
  uint32_t left = build_tree(s, lo, mid), right = build_tree(s, mid + 1, hi);
  if (lo < mid && left > last) last = left;
  if (mid + 1 < hi && right > last) last = right;
  return s->tree_last[mid] = last;
}

/* Appends to `near` the placed items of [lo, hi) that are alive together with `item`; returns the new length.
 */
static size_t find_near(const plan_state *s, size_t lo, size_t hi, const girih_arena_item *item, size_t n) {
  while (lo < hi) {
    size_t mid = lo + (hi - lo) / 2;
    if (s->tree_last[mid] < item->first) break; /* all of the subtree is dead by then */
    uint32_t i = s->by_first[mid];
    n = find_near(s, lo, mid, item, n);
    if (s->items[i].first > item->last) break; /* and so is what starts later */
    if (s->items[i].last >= item->first && s->placed[i]) s->near[n++] = i;
    lo = mid + 1;
  }
  return n;
}

/* Places all items in the given order into `offsets`. Returns the size, or `limit` as soon as it is reached.
 */
static int64_t place_all(plan_state *s, int order, int64_t limit) {
  sort(s, order, s->order, s->count, less_order);
  memset(s->placed, 0, s->count);
  int64_t total = 0;
  for (size_t k = 0; k < s->count; ++k) {
    uint32_t i = s->order[k];
    int64_t size = s->sizes[i];
    s->offsets[i] = 0;
    if (size == 0) continue;
    size_t n = find_near(s, 0, s->count, &s->items[i], 0);
    sort(s, order, s->near, n, less_offset);
    int64_t end = 0, best = -1, best_gap = INT64_MAX;
    for (size_t j = 0; j < n; ++j) {
      int64_t from = s->offsets[s->near[j]];
      if (from - end >= size && from - end < best_gap) best = end, best_gap = from - end;
      int64_t to = from + s->sizes[s->near[j]];
      if (to > end) end = to;
    }
    if (best < 0) best = end;
    s->offsets[i] = best;
    s->placed[i] = 1;
    if (best + size > total) total = best + size;
    if (total >= limit) return limit;
  }
  return total;
}

/* A sweep over time: items sorted by `first` come in, items sorted by `last` go out. */
static int64_t live_maximum(plan_state *s) {
  uint32_t *by_last = s->order;
  size_t n = 0;
  int64_t live = 0, most = 0;
  /* `by_last` is a heap of the live items, the first to die on top. */
  for (size_t k = 0; k < s->count; ++k) {
    uint32_t i = s->by_first[k];
    while (n && s->items[by_last[0]].last < s->items[i].first) {
      live -= s->sizes[by_last[0]];
      uint32_t value = by_last[--n];
      size_t root = 0;
      for (size_t child; (child = 2 * root + 1) < n; root = child) {
        if (child + 1 < n && s->items[by_last[child + 1]].last < s->items[by_last[child]].last) ++child;
        if (s->items[value].last <= s->items[by_last[child]].last) break;
        by_last[root] = by_last[child];
      }
      by_last[root] = value;
    }
    size_t leaf = n++;
    for (size_t parent; leaf && s->items[by_last[parent = (leaf - 1) / 2]].last > s->items[i].last;
         leaf = parent)
      by_last[leaf] = by_last[parent];
    by_last[leaf] = i;
    live += s->sizes[i];
    if (live > most) most = live;
  }
  return most;
}

int64_t girih_arena_plan(girih_arena_item *items, size_t count, int64_t *lower_bound) {
  if (lower_bound) *lower_bound = 0;
  if (count == 0) return 0;
  if (count > UINT32_MAX) return -1;
  int64_t sum = 0;
  for (size_t i = 0; i < count; ++i) {
    int64_t rest = INT64_MAX - GIRIH_ALIGNMENT - sum;
    if (items[i].bytes < 0 || items[i].bytes > rest) return -2;
    sum += aligned(items[i].bytes);
  }
  char *memory = malloc(count * (3 * sizeof(int64_t) + 4 * sizeof(uint32_t) + 1));
  if (!memory) return -1;
  plan_state s = {.items = items, .count = count};
  s.sizes = (int64_t *)memory, s.offsets = s.sizes + count, s.best = s.offsets + count;
  s.by_first = (uint32_t *)(s.best + count), s.tree_last = s.by_first + count, s.order = s.tree_last + count;
  s.near = s.order + count, s.placed = (unsigned char *)(s.near + count);
  for (size_t i = 0; i < count; ++i)
    s.sizes[i] = aligned(items[i].bytes), s.by_first[i] = (uint32_t)i;
  sort(&s, 0, s.by_first, count, less_first);
  build_tree(&s, 0, count);

  int64_t bound = live_maximum(&s);
  int64_t total = INT64_MAX;
  for (size_t i = 0; i < count; ++i)
    s.order[i] = (uint32_t)i;
  for (int order = 0; order < ORDERS && total > bound; ++order) {
    int64_t size = place_all(&s, order, total);
    if (size >= total) continue;
    total = size;
    memcpy(s.best, s.offsets, count * sizeof(int64_t));
  }
  for (size_t i = 0; i < count; ++i)
    items[i].offset = s.best[i];
  free(memory);
  if (lower_bound) *lower_bound = bound;
  return total;
}
