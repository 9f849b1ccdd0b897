/* Models whose kernels are checked by AddressSanitizer: what surrounds tensors is poisoned. The symbols are
 * weak, since such a model only loads where the sanitizer's runtime is; no other model has a use for them. */
#include "runtime/internal.h"
#include <string.h>

__attribute__((weak)) void __asan_poison_memory_region(const volatile void *address, size_t bytes);
__attribute__((weak)) void __asan_unpoison_memory_region(const volatile void *address, size_t bytes);

static void poison(const void *memory, int64_t bytes) {
  if (__asan_poison_memory_region) __asan_poison_memory_region(memory, (size_t)bytes);
}

static void unpoison(const void *memory, int64_t bytes) {
  if (__asan_unpoison_memory_region) __asan_unpoison_memory_region(memory, (size_t)bytes);
}

bool is_sanitized(const girih_artifact *artifact) {
  return artifact->flags & GIRIH_SANITIZED;
}

void guard_weights(girih_model *model) {
  const girih_artifact *artifact = model->artifact;
  if (!is_sanitized(artifact) || !model->weights) return;
  model->guarded_bytes = artifact->weights_bytes;
  poison(model->weights, model->guarded_bytes);
  for (uint32_t i = 0; i < artifact->weight_range_count; ++i)
    unpoison(model->weights + artifact->weight_ranges[i].offset, artifact->weight_ranges[i].bytes);
}

void unguard_memory(const void *memory, int64_t bytes) {
  if (memory) unpoison(memory, bytes);
}

int64_t plan_apart(girih_arena_item *items, uint32_t count) {
  int64_t end = GIRIH_RED_ZONE;
  for (uint32_t i = 0; i < count; ++i) {
    items[i].offset = end;
    end += (items[i].bytes + GIRIH_ALIGNMENT - 1) / GIRIH_ALIGNMENT * GIRIH_ALIGNMENT + GIRIH_RED_ZONE;
  }
  return end;
}

void guard_arena(girih_context *context, const plan *plan) {
  /* As floats: large, zero, large and negative, not a number. Indices, flags and sizes differ as much. */
  static const unsigned char garbage[] = {0x7b, 0x00, 0xfb, 0xff};
  const girih_artifact *artifact = context->model->artifact;
  if (!is_sanitized(artifact) || !context->arena) return;
  unsigned char fill = garbage[context->guards++ % sizeof garbage];
  poison(context->arena, context->arena_bytes);
  for (uint32_t i = 0; i < artifact->arena_buffer_count; ++i) {
    int64_t bytes = size_value(artifact->arena_buffers[i].bytes, plan->slots);
    unpoison(context->arena + plan->offsets[i], bytes);
    memset(context->arena + plan->offsets[i], fill, (size_t)bytes);
  }
}
