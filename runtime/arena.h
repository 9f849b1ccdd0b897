/* Where the buffers of a run lie in one arena. The compiler calls this for models whose sizes are known, the
 * runtime once per new set of sizes for the others. */
#ifndef GIRIH_RUNTIME_ARENA_H
#define GIRIH_RUNTIME_ARENA_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A buffer of `bytes` (>= 0) that is alive from launch `first` to launch `last` inclusive. */
typedef struct {
  int64_t bytes;
  uint32_t first, last;
  int64_t offset; /* out: GIRIH_ALIGNMENT-aligned */
} girih_arena_item;

/* Gives every item an offset such that no two items that are alive at the same time overlap. Returns the
 * arena's size in bytes, -1 if out of memory, -2 if the size does not fit into an int64_t. `lower_bound` (may
 * be null) gets the largest sum of (aligned) sizes alive at one time, which no plan can beat. Thread-safe;
 * the result depends on the items only. O(n (log n + k log k)) for n items of which k are alive at the same
 * time as a given one. */
int64_t girih_arena_plan(girih_arena_item *items, size_t count, int64_t *lower_bound);

#ifdef __cplusplus
}
#endif
#endif
