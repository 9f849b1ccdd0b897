#include "tools/ptxsim/check/Shadow.h"
#include <sys/mman.h>

namespace girih::ptx::check {

MarkList *Attachments::newList() {
  std::lock_guard<std::mutex> guard(lock);
  return &lists.emplace_back();
}

Cell *Attachments::newBytes() {
  std::lock_guard<std::mutex> guard(lock);
  return bytes.emplace_back(new Cell[4]).get();
}

void Attachments::clear() {
  lists.clear(), bytes.clear();
}

/// Pages of zeros, taken when they are touched: cells without marks, chunks that are not made.
static void *reserve(size_t bytes) {
  void *p = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return p == MAP_FAILED ? nullptr : p;
}

static constexpr size_t cellBytes(uint64_t bytes) {
  return bytes / 4 * sizeof(Cell);
}

GlobalShadow::GlobalShadow()
    : chunks(static_cast<Chunk *>(reserve(chunkCount * sizeof(Chunk)))),
      locks(new std::atomic_flag[lockCount]) {}

GlobalShadow::~GlobalShadow() {
  for (Cell *chunk : made)
    munmap(static_cast<void *>(chunk), cellBytes(chunkBytes));
  if (chunks) munmap(static_cast<void *>(chunks), chunkCount * sizeof(Chunk));
}

Cell *GlobalShadow::newChunk(uint64_t index) {
  std::lock_guard<std::mutex> guard(making);
  if (Cell *chunk = chunks[index].load(std::memory_order_relaxed)) return chunk;
  Cell *chunk = static_cast<Cell *>(reserve(cellBytes(chunkBytes)));
  if (!chunk) return nullptr;
  made.push_back(chunk);
  chunks[index].store(chunk, std::memory_order_release);
  return chunk;
}

} // namespace girih::ptx::check
